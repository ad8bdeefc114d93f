// SPDX-License-Identifier: MIT
import DMABuf
import DMABufHost

/// The census in the text exposition format of Prometheus, with one gauge for each number.
struct StatMetrics {
  private var lines: [String] = []
  private let isTerminal: Bool

  init(_ report: StatReport, isTerminal: Bool = StandardStream.output.isTerminal) {
    self.isTerminal = isTerminal
    let totals = report.totals
    let isExact = totals.areComplete && totals.sizesUnknown == 0
    // An incomplete total has another name, so that an alert on a total never sees a partial one.
    let prefix = isExact ? "dmabuf" : "dmabuf_seen"
    let which = isExact ? "all dma-bufs" : "the dma-bufs that the sources list; there may be more"
    gauge("\(prefix)_buffers", "Number of \(which).", [([], "\(totals.buffers)")])
    gauge(
      "\(prefix)_bytes", "Sizes of \(which); memory exported several times counts several times.",
      [([], "\(totals.bytes)")])
    gauge(
      "\(prefix)_v4l2_export_bytes", "Sizes of the dma-bufs that V4L2 queues have exported.",
      [([], "\(totals.repeatable.bytes)")])
    if let held = totals.kernelHeld {
      gauge("dmabuf_kernel_held_buffers", "Number of dma-bufs that no process holds.", [([], "\(held.buffers)")])
      gauge("dmabuf_kernel_held_bytes", "Sizes of the dma-bufs that no process holds.", [([], "\(held.bytes)")])
    }
    gauge(
      "dmabuf_unknown_holder_buffers", "Number of dma-bufs whose holders are not all known.",
      [([], "\(totals.holdersUnknown.buffers)")])
    let exporters = StatReport.Groups(report.buffers, by: .exporter)?.groups ?? []
    let byExporter = { (value: (StatReport.Group) -> String) in
      exporters.map { ([("exporter", $0.key.string ?? "")], value($0)) }
    }
    gauge("\(prefix)_exporter_buffers", "Number of dma-bufs of an exporter.", byExporter { "\($0.buffers)" })
    gauge("\(prefix)_exporter_bytes", "Sizes of the dma-bufs of an exporter.", byExporter { "\($0.bytes)" })
    processes(report.processes)
    gauge(
      "dmabuf_unreadable_processes", "Number of processes that cannot be read.",
      [([], "\(report.unreadableProcesses)")])
    gauge(
      "dmabuf_source_used", "Whether a source of the census could be used.",
      report.sources.map { ([("source", $0.name)], $0.used ? "1" : "0") })
  }

  var text: String { lines.joined(separator: "\n") }

  private mutating func processes(_ processes: [StatReport.Process]) {
    let each = { (value: (StatReport.Process) -> String?) in
      processes.compactMap { process in
        value(process).map { value in
          (
            [("pid", "\(process.pid)"), ("comm", process.comm?.string ?? ""), ("unit", process.unit?.string ?? "")],
            value
          )
        }
      }
    }
    gauge("dmabuf_process_buffers", "Number of dma-bufs a process holds.", each { "\($0.buffers)" })
    gauge("dmabuf_process_bytes", "Sizes of the dma-bufs a process holds.", each { "\($0.bytes)" })
    gauge(
      "dmabuf_process_proportional_bytes", "Each dma-buf's size divided by the number of processes that hold it.",
      each { $0.share.map { "\($0)" } })
    gauge(
      "dmabuf_process_descriptors", "Number of a process's descriptors for dma-bufs.", each { "\($0.descriptors)" })
    gauge("dmabuf_process_sync_files", "Number of a process's sync_files.", each { "\($0.syncFiles)" })
  }

  private mutating func gauge(_ name: String, _ help: String, _ samples: [([(String, String)], String)]) {
    lines += ["# HELP \(name) \(help)", "# TYPE \(name) gauge"]
    for (labels, value) in samples {
      let list = labels.map { "\($0.0)=\"\(Escaping.label($0.1, isTerminal: isTerminal))\"" }.joined(separator: ",")
      lines.append(list.isEmpty ? "\(name) \(value)" : "\(name){\(list)} \(value)")
    }
  }
}
