// SPDX-License-Identifier: MIT
@testable import DMABuf
@testable import DMABufExercise
@testable import DMABufHost
@testable import DMABufCensus
@testable import DMABufDisplay
@testable import DMABufHolding
@testable import DMABufTrace

/// Checks that text for a terminal has no control characters.
func isVisible(_ text: UntrustedText) -> Bool { text.escaped.unicodeScalars.allSatisfy(UntrustedText.isVisible) }

/// Parsers of text that the kernel, other processes, holders and terminals write.
let libraryTargets: [String: Target] = [
  "fdinfo": { bytes in
    guard let information = DescriptorInformation(parsing: bytes) else { return }
    precondition(isVisible(information.exporter))
    precondition(information.name.map(isVisible) ?? true)
  },
  "maps": { bytes in
    if let line = MapsLine(parsing: bytes) { precondition(line.start < line.end) }
  },
  "mappings": { bytes in
    let code = MappedCode(parsing: bytes)
    for line in bytes.split(separator: UInt8(ascii: "\n")) {
      guard let region = MappedCode.Region(parsing: line) else { continue }
      precondition(region.start < region.end)
      precondition(code.region(at: region.start).map { $0.start <= region.start } ?? true)
    }
  },
  "clients": { bytes in
    precondition(DisplayDebugFiles.clients(parsing: bytes).allSatisfy { $0.command.bytes.count <= 20 })
  },
  "creators": { bytes in
    precondition(DisplayDebugFiles.creators(parsing: bytes).values.allSatisfy { $0.bytes.count <= 15 })
  },
  "plane-formats": { bytes in
    guard let formats = PlaneFormat.list(parsing: bytes) else { return }
    precondition(formats.count <= bytes.count / 4)
  },
  "flips": { bytes in _ = unsafe bytes.withUnsafeBytes { unsafe DisplayFlip(firstOf: $0) } },
  "elf": { bytes in try ModuleUnderTest.look(at: bytes) },
  "frames": { bytes in try ModuleUnderTest.unwind(bytes) },
  "bufinfo": { bytes in
    let table = try DebugTable(parsing: bytes)
    // A row has one line, and names are at most as long as the kernel's.
    precondition(table.buffers.count <= bytes.count { $0 == UInt8(ascii: "\n") })
    precondition(table.buffers.allSatisfy { $0.name?.bytes.count ?? 0 <= 31 })
    // Names that were known before change nothing.
    let names = Dictionary(table.buffers.compactMap { buffer in buffer.name.map { (buffer.inode, $0) } }) {
      first, _ in first
    }
    let isUnique = Set(table.buffers.map(\.inode)).count == table.buffers.count
    if isUnique {
      precondition((try? DebugTable(parsing: bytes, known: .init(names: names)))?.buffers == table.buffers)
    }
  },
  "fence": { bytes in
    if let fence = Census.Fence(parsing: bytes) { precondition(!fence.usage.bytes.isEmpty && isVisible(fence.usage)) }
  },
  "cgroup": { bytes in
    guard let group = ControlGroup(parsing: bytes) else { return }
    precondition(group.path.bytes.first == UInt8(ascii: "/"))
    precondition(group.unit.map(isVisible) ?? true)
  },
  "text": { bytes in precondition(isVisible(UntrustedText(bytes))) },
  "terminal": { bytes in
    guard let answer = TerminalQuery.Answer(parsing: bytes) else { return }
    precondition(answer.colours ?? 1 > 0 && answer.largest.map { $0.width > 0 && $0.height > 0 } ?? true)
    // What follows the answer does not change it.
    precondition(TerminalQuery.Answer(parsing: bytes + bytes) == answer)
  },
  "keys": { bytes in precondition(Terminal.keys(bytes).count <= bytes.count) },
  "held": { bytes in
    guard let name = HeldName("name"), let object = HeldObject(name: name, pid: 1, decoding: bytes) else { return }
    precondition(object.exporter.map(isVisible) ?? true)
    // After this program's holder writes it, the parser reads the same description.
    let again = HeldObject.description(
      kind: object.kind, inode: object.inode, size: object.size, attached: "", exporter: nil, trigger: object.trigger)
    let other = HeldObject(name: name, pid: 1, decoding: again)
    precondition(other?.inode == object.inode && other?.size == object.size && other?.trigger == object.trigger)
  },
  "event-format": { bytes in
    let layout = RecordLayout(parsing: bytes)
    precondition(layout.fields.values.allSatisfy { $0.offset >= 0 && $0.size > 0 && $0.offset + $0.size <= 1 << 16 })
    let record = RecordBytes(page: Array(bytes.prefix(64)), range: 0..<min(64, bytes.count))
    for field in layout.fields.values {
      _ = record.number(field)
      precondition(record.text(field).count <= 64)
    }
    _ = RingPage(parsing: bytes)
    _ = TracefsRing.lost(bytes)
  },
  "ring-page": { bytes in RingUnderTest.shared.decode(bytes) },
  "holder": { bytes in try HolderUnderTest.shared.hear(bytes) },
  "words": { bytes in
    let text = String(decoding: bytes, as: UTF8.self)
    if let name = HeldName(text) { precondition(name.description == text && text.utf8.count <= 31) }
    if let trigger = FenceTrigger(text) { precondition(FenceTrigger(trigger.description) == trigger) }
    if let source = BufferSource(text) { precondition(BufferSource(source.description) == source) }
    if let fourcc = FourCC(text) { precondition(isVisible(UntrustedText(fourcc.description.utf8))) }
  },
]
