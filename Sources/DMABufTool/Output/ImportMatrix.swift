// SPDX-License-Identifier: MIT
import DMABuf

/// The imports of several buffers into the same devices: one row for each queue, one column for each buffer.
struct ImportMatrix: Report, Encodable {
  let reports: [ImportReport]

  init(_ reports: [ImportReport]) { self.reports = reports }

  func text(style: Style) -> String {
    let columns = [Table.Column("DEVICE"), .init("DRIVER"), .init("QUEUE")]
    var table = Table(columns + reports.map { .init($0.title) })
    var causes: [String] = []
    for (row, result) in reports[0].devices.enumerated() {
      table.rows.append(
        [UntrustedText(result.device.utf8).escaped, result.driver?.escaped ?? "-", result.queue ?? "-"]
          + reports.map { $0.devices[row].word })
      for report in reports where report.devices[row].outcome != .ok {
        causes.append(
          "\(UntrustedText(result.place.utf8).escaped), \(report.title): \(report.devices[row].explanation)")
      }
    }
    return (table.lines(style: style) + (causes.isEmpty ? [] : [""]) + causes.map(style.fit)).joined(separator: "\n")
  }
}

extension ImportReport {
  /// The name of the buffer in a table's heading.
  var title: String { buffer.source.map { UntrustedText($0.utf8).escaped } ?? buffer.exporter.escaped }
}
