// SPDX-License-Identifier: MIT
import DMABuf
import DMABufHost

/// The census as a JSON document, written row by row with sorted keys.
extension StatReport {
  func printJSON() throws {
    var writer = JSONWriter(to: .output)
    write(to: &writer)
    _ = try writer.finish()
  }

  func json() throws -> String {
    var writer = JSONWriter()
    write(to: &writer)
    return try writer.finish()
  }

  private func write(to writer: inout JSONWriter) {
    let kind = groups?.kind
    writer.object { writer in
      writer.member("boot_id", boot)
      writer.member("buffers", buffers) { $1.write(to: &$0) }
      if kind == .device || kind == .exporter { groups?.write(to: &writer) }
      writer.member("holders_known", areHoldersKnown)
      writer.member("lists_all_buffers", listsAllBuffers)
      if kind == .name { groups?.write(to: &writer) }
      writer.member("processes", view.arranged(processes)) { $1.write(to: &$0) }
      writer.member("schema", schema)
      writer.member("sources", sources) { $1.write(to: &$0) }
      writer.member("time_ns", time)
      writer.key("totals")
      totals.write(to: &writer)
      if kind == .unit { groups?.write(to: &writer) }
      writer.member("unreadable_processes", unreadableProcesses)
      writer.member("unverified_mappings", unverifiedMappings)
      if kind == .user { groups?.write(to: &writer) }
    }
  }
}

extension StatReport.Source {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("name", name)
      writer.member("reason", reason)
      writer.member("used", used)
    }
  }
}

extension StatReport.Buffer {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("age_ns", age)
      writer.member("ambiguous", doubts) { $0.value($1) }
      writer.member("count", count)
      writer.member("descriptors", hasUnknownHolders ? nil : descriptors)
      writer.member("devices", devices) { $0.value($1.string) }
      writer.member("exp_name", exporter)
      writer.member("fences", fences) { $1.write(to: &$0) }
      writer.member("held_by", heldBy) { $0.value($1.rawValue) }
      writer.member("holders_known", areHoldersKnown)
      writer.member("ino", ino)
      writer.member("mappings", hasUnknownHolders ? nil : mappings)
      writer.member("name", name)
      writer.member("named", isNamed)
      writer.member("other_references", otherReferences)
      writer.member("owner", owner)
      writer.member("processes", processes) { $1.write(to: &$0) }
      writer.member("references", references) { $1.write(to: &$0) }
      writer.member("size", size)
      writer.member("sources", sources) { $0.value($1) }
    }
  }
}

extension StatReport.Holder {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("comm", comm)
      writer.member("fds", fds) { $0.value($1) }
      writer.member("mappings", mappings)
      writer.member("pid", pid)
    }
  }
}

extension StatReport.Reference {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("device", device)
      writer.member("kind", kind.rawValue)
      writer.member("nodes", nodes) { $0.value($1) }
      writer.member("processes", processes) { writer, owner in
        writer.object { writer in
          writer.member("comm", owner.comm)
          writer.member("pid", owner.pid)
        }
      }
    }
  }
}

extension StatReport.Fence {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("context", context)
      writer.member("driver", driver)
      writer.member("seqno", seqno)
      writer.member("status", status)
      writer.member("timeline", timeline)
      writer.member("usage", usage)
    }
  }
}

extension StatReport.Process {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("buffers", buffers)
      writer.member("bytes", bytes)
      writer.member("cgroup", cgroup)
      writer.member("comm", comm)
      writer.member("descriptors", descriptors)
      writer.member("mappings", mappings)
      writer.member("open_files", openFiles)
      writer.member("open_files_limit", openFileLimit)
      writer.member("pid", pid)
      writer.member("proportional_bytes", share)
      writer.member("sync_files", syncFiles)
      writer.member("syncobjs", syncObjects)
      writer.member("uid", uid)
      writer.member("unit", unit)
    }
  }
}

extension StatReport.Groups {
  fileprivate func write(to writer: inout JSONWriter) {
    let (list, name): (StaticString, StaticString) =
      switch kind {
      case .device: ("devices", "device")
      case .name: ("names", "name")
      case .unit: ("units", "unit")
      case .user: ("users", "user")
      case .buffer, .process, .exporter: ("exporters", "exp_name")
      }
    writer.member(list, groups) { writer, group in
      writer.object { writer in
        writer.member("buffers", group.buffers)
        writer.member("bytes", group.bytes)
        // Keys are sorted: `known` comes after `exp_name` and `device`.
        if kind == .device || kind == .exporter { writer.member(name, group.key.string) }
        writer.member("known", group.key != .unknown)
        if kind == .name { writer.member(name, group.key.string) }
        writer.member("processes", group.processes.count)
        if kind == .unit || kind == .user { writer.member(name, group.key.string) }
      }
    }
  }
}

extension StatReport.Totals {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("buffers", buffers)
      writer.member("bytes", bytes)
      writer.member("complete", areComplete && sizesUnknown == 0)
      writer.key("holders_unknown")
      holdersUnknown.write(to: &writer)
      writer.key("kernel_held")
      if let kernelHeld { kernelHeld.write(to: &writer) } else { writer.null() }
      writer.member("undecided", undecided.buffers)
      writer.key("v4l2_exports")
      repeatable.write(to: &writer)
    }
  }
}

extension StatReport.Sum {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("buffers", buffers)
      writer.member("bytes", bytes)
    }
  }
}
