import DMABuf

/// Several buffers against the same devices: a row for each queue, a column for each buffer.
struct ImportMatrix: Report {
  let reports: [ImportReport]

  init(_ reports: [ImportReport]) { self.reports = reports }

  func text(style: Style) -> String {
    let columns = [Table.Column("DEVICE"), .init("DRIVER"), .init("QUEUE")]
    var table = Table(columns + reports.map { .init($0.title) })
    var causes: [String] = []
    for (row, answer) in reports[0].devices.enumerated() {
      table.rows.append(
        [UntrustedText(answer.device.utf8).escaped, answer.driver?.escaped ?? "-", answer.queue ?? "-"]
          + reports.map { $0.devices[row].word })
      for report in reports where report.devices[row].result != .ok {
        causes.append(
          "\(UntrustedText(answer.place.utf8).escaped), \(report.title): \(report.devices[row].explanation)")
      }
    }
    return (table.lines(style: style) + (causes.isEmpty ? [] : [""]) + causes.map(style.fit)).joined(separator: "\n")
  }
}

extension ImportReport {
  /// What the buffer is called in a table's heading.
  var title: String { buffer.source.map { UntrustedText($0.utf8).escaped } ?? buffer.exporter.escaped }
}
