// Fuzz targets, one for each parser of what the kernel or another process says:
//     DMABUF_FUZZ_TARGET=bufinfo fuzz [libFuzzer's options and corpus]
// Built by scripts/fuzz, which gives libFuzzer what real kernels said to begin with.
import Glibc

@testable import DMABuf

typealias Check = @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt

func bytes(_ start: UnsafePointer<UInt8>?, _ count: Int) -> [UInt8] {
  unsafe Array(UnsafeBufferPointer(start: start, count: count))
}

/// What a terminal may be sent: no control characters.
func isVisible(_ text: UntrustedText) -> Bool {
  text.escaped.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
}

let targets: [String: Check] = unsafe [
  "fdinfo": { start, count in
    if let information = unsafe DescriptorInformation(parsing: bytes(start, count)) {
      precondition(isVisible(information.exporter))
      precondition(information.name.map(isVisible) ?? true)
    }
    return 0
  },
  "maps": { start, count in
    if let line = unsafe MapsLine(parsing: bytes(start, count)) { precondition(line.start < line.end) }
    return 0
  },
  "bufinfo": { start, count in
    let text = unsafe bytes(start, count)
    guard let table = try? DebugTable(parsing: text) else { return 0 }
    // A row takes a line, and names are no longer than the kernel's.
    precondition(table.buffers.count <= text.count { $0 == UInt8(ascii: "\n") })
    precondition(table.buffers.allSatisfy { $0.name?.bytes.count ?? 0 <= 31 })
    // Names that are known already change nothing.
    let names = Dictionary(table.buffers.compactMap { buffer in buffer.name.map { (buffer.inode, $0) } }) {
      first, _ in first
    }
    let isUnique = Set(table.buffers.map(\.inode)).count == table.buffers.count
    if isUnique {
      precondition((try? DebugTable(parsing: text, known: .init(names: names)))?.buffers == table.buffers)
    }
    return 0
  },
  "fence": { start, count in
    if let fence = unsafe Census.Fence(parsing: bytes(start, count)) {
      precondition(!fence.usage.bytes.isEmpty && isVisible(fence.usage))
    }
    return 0
  },
  "cgroup": { start, count in
    if let group = unsafe ControlGroup(parsing: bytes(start, count)) {
      precondition(group.path.bytes.first == UInt8(ascii: "/"))
      precondition(group.unit.map(isVisible) ?? true)
    }
    return 0
  },
  "text": { start, count in
    precondition(unsafe isVisible(UntrustedText(bytes(start, count))))
    return 0
  },
  "keys": { start, count in
    precondition(unsafe Terminal.keys(bytes(start, count)).count <= count)
    return 0
  },
]

/// The target that the environment names.
let chosen: Check =
  unsafe getenv("DMABUF_FUZZ_TARGET").flatMap { unsafe targets[String(cString: $0)] } ?? { _, _ in
    fatalError("DMABUF_FUZZ_TARGET is one of \(unsafe targets.keys.sorted())")
  }

/// What libFuzzer calls with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt { unsafe chosen(start, count) }
