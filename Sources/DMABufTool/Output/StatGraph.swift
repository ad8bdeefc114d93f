// SPDX-License-Identifier: MIT
import DMABuf

/// The census as a graph for dot(1) of Graphviz: processes, the buffers they hold, and the devices attached to the
/// buffers.
struct StatGraph {
  private var lines = [
    "digraph dmabufs {", "  rankdir=LR;", "  node [fontname=\"sans-serif\", fontsize=10];",
    "  edge [fontname=\"sans-serif\", fontsize=8];",
  ]

  init(_ report: StatReport) {
    for process in report.processes where process.buffers > 0 {
      let title = Units.process(process.comm, process.pid)
      node("p\(process.pid)", [title, Units.size(process.bytes)], "shape=box, style=filled, fillcolor=lightblue")
    }
    var devices: Set<UntrustedText> = []
    for buffer in report.buffers {
      let name = buffer.label.flatMap { $0 == "-" ? nil : $0 }
      let title = ["\(buffer.ino)", name].compactMap(\.self).joined(separator: " ")
      node(
        "b\(buffer.ino)", [title, "\(buffer.size.map(Units.size) ?? "?") \(buffer.exporter?.escaped ?? "?")"],
        buffer.hasUnknownHolders
          ? "style=\"filled,dashed\", fillcolor=lightgrey"
          : buffer.processes.isEmpty ? "style=filled, fillcolor=orange" : "shape=ellipse")
      for holder in buffer.processes {
        edge("p\(holder.pid)", "b\(buffer.ino)", Self.share(holder))
      }
      devices.formUnion(buffer.devices ?? [])
    }
    let unclear = report.buffers.filter { !$0.areHoldersKnown && !$0.isOfSomeProcesses }
    if !unclear.isEmpty {
      node("unknown", ["holders unknown"], "shape=box, style=dashed")
      for buffer in unclear { lines.append("  unknown -> b\(buffer.ino) [style=dashed];") }
    }
    let names = devices.sorted { $0.escaped < $1.escaped }
    for (index, device) in names.enumerated() {
      node("d\(index)", [device.escaped], "shape=component, style=filled, fillcolor=palegreen")
      for buffer in report.buffers where buffer.devices?.contains(device) ?? false {
        edge("b\(buffer.ino)", "d\(index)", "")
      }
    }
    lines.append("}")
  }

  var text: String { lines.joined(separator: "\n") }

  /// `2 fds, 1 map`; empty for the usual single descriptor.
  private static func share(_ holder: StatReport.Holder) -> String {
    let fds = holder.fds.count == 1 && holder.mappings == 0 ? "" : holder.fds.isEmpty ? "" : "\(holder.fds.count) fd"
    let maps = holder.mappings == 0 ? "" : "\(holder.mappings) map"
    return [fds, maps].filter { !$0.isEmpty }.joined(separator: ", ")
  }

  private mutating func node(_ id: String, _ label: [String], _ look: String) {
    lines.append("  \(id) [label=\"\(label.map(Escaping.dot).joined(separator: "\\n"))\", \(look)];")
  }

  private mutating func edge(_ from: String, _ to: String, _ label: String) {
    lines.append("  \(from) -> \(to)" + (label.isEmpty ? ";" : " [label=\"\(Escaping.dot(label))\"];"))
  }
}
