// SPDX-License-Identifier: MIT
import ArgumentParser

@testable import DMABuf
@testable import DMABufBench
@testable import DMABufExercise
@testable import DMABufImage
@testable import DMABufTool
@testable import DMABufTrace

/// Parsers of arguments, of the files that users name, and of whole machines.
let toolTargets: [String: Target] = [
  "references": { bytes in
    let text = String(decoding: bytes, as: UTF8.self)
    if let reference = try? Reference(text) { precondition(try! Reference(reference.description) == reference) }
    if let device = DeviceReference.parse(text) { precondition(DeviceReference.parse(device.description) == device) }
  },
  "numbers": { bytes in
    let text = String(decoding: bytes, as: UTF8.self)
    if let size = try? ByteSize(text) { precondition(size.bytes > 0) }
    if let span = try? TimeSpan(text) { precondition(span.duration >= .zero && !span.description.isEmpty) }
    _ = try? GrowthLimit(text)
    _ = try? BenchSizes(text)
    _ = try? KernelName(text)
    _ = try? TimedOperation(argument: text)
  },
  "images": { bytes in
    let text = String(decoding: bytes, as: UTF8.self)
    if let image = try? ImageArgument(text).layout() {
      precondition(image.size > 0 && image.planes.allSatisfy { $0.offset + $0.size <= image.size })
      _ = try? FramebufferLayout(image)
    }
    _ = try? BufferShape(text)
    _ = try? ByteList(text)
    _ = try? LayoutAlignment(text)
    _ = try? PictureArea(text)
  },
  "picture": { bytes in try PictureUnderTest.shared.read(bytes) },
  "pattern": { bytes in
    guard let pattern = try? Pattern(argument: String(decoding: bytes, as: UTF8.self)) else { return }
    let space = UnsafeMutableRawBufferPointer.allocate(byteCount: 96, alignment: 8)
    defer { unsafe space.deallocate() }
    unsafe pattern.fill(space, at: 8)
    var mismatch = Pattern.Mismatch()
    unsafe pattern.verify(UnsafeRawBufferPointer(space), at: 8, into: &mismatch)
    precondition(mismatch.count == 0)
  },
  "expect": { bytes in
    let known = try KnownFailures(String(decoding: bytes, as: UTF8.self), path: "file")
    precondition(known.lines.allSatisfy { !$0.id.isEmpty && !$0.target.isEmpty })
    for line in known.lines { _ = Glob.matches("C20", line.id) }
  },
  "glob": { bytes in
    let texts = words(bytes)
    if texts.count == 2 { _ = Glob.matches(texts[0], texts[1]) }
  },
  "columns": { bytes in
    let texts = words(bytes)
    for grouping in StatView.Grouping.allCases {
      _ = try? StatView(grouping, columns: texts.first, sort: texts.count > 1 ? texts[1] : nil)
    }
  },
  "diff": { bytes in
    let censuses = try parts(bytes).prefix(2).map { try StatSnapshot(parsing: $0, from: "file") }
    guard let before = censuses.first, let after = censuses.last else { return }
    let text = StatDifference(from: before, to: after).text(style: Style(isColored: false, width: 80))
    precondition(text.unicodeScalars.allSatisfy { $0 == "\n" || UntrustedText.isVisible($0) })
  },
  "compare": { bytes in
    let run = try BenchSnapshot(parsing: bytes, from: "file")
    _ = run.results.map { BenchComparison.Row(gone: $0).place }
  },
  "event": { bytes in
    // Records of a ring buffer, each with its length before it.
    var history = TraceHistory()
    var rest = bytes[...]
    while let length = rest.popFirst() {
      let event = rest.prefix(Int(length) * 4)
      rest = rest.dropFirst(event.count)
      guard let raw = unsafe event.withUnsafeBytes({ unsafe RawEvent($0) }) else { continue }
      let (fact, stall) = history.complete(raw)
      for text in [fact.map(TraceLine.init), stall.map(TraceLine.init)].compactMap({ $0?.text }) {
        precondition(text.unicodeScalars.allSatisfy(UntrustedText.isVisible))
      }
    }
    _ = history.unfinishedWaits(at: .max)
  },
  "arguments": { bytes in _ = try Root.parseAsRoot(words(bytes)) },
  "machine": { bytes in try MachineUnderTest.shared.look(at: parts(bytes)) },
]
