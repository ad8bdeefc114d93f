// SPDX-License-Identifier: MIT
import DMABuf
import DMABufExercise
import DMABufHost
import SystemPackage

/// A range of a buffer, and the work on it between SYNC START and SYNC END.
struct MapAccess: ~Copyable {
  /// The work is split into pieces, so that ^C and progress need not wait for the end. Pieces are large, because
  /// processors write memory faster when the data is too large for the caches.
  private static let pieceSize = 64 << 20

  private let buffer: DMABuffer
  private let range: Range<Int>
  private let isSynchronized: Bool
  private let deadline: Deadline?

  init(
    buffer: consuming DMABuffer, offset: Int, length: Int?, isSynchronized: Bool, deadline: Deadline?
  ) throws {
    let size = buffer.size
    let subject = buffer.file.name
    guard offset < size else {
      throw Failure("cannot map \(subject): offset \(offset) is past the end of \(size) bytes")
    }
    guard length ?? 0 <= size - offset else {
      throw Failure(
        "cannot map \(subject): \(length ?? 0) bytes from offset \(offset) end past the \(size) bytes of the buffer")
    }
    range = offset..<(offset + (length ?? size - offset))
    self.buffer = buffer
    self.isSynchronized = isSynchronized
    self.deadline = deadline
  }

  func run(_ operation: MapOperation) throws -> MapReport? {
    var report = MapReport(
      subject: buffer.file.name, ino: buffer.inode, offset: range.lowerBound, length: range.count,
      operation: operation.name)
    switch operation {
    case .fill(let pattern):
      try unsafe timed(&report, .write) { bytes, offset in unsafe pattern.fill(bytes, at: offset) }
    case .verify(let pattern):
      var mismatch = Pattern.Mismatch()
      try unsafe timed(&report, .read) { bytes, offset in
        unsafe pattern.verify(UnsafeRawBufferPointer(bytes), at: offset, into: &mismatch)
      }
      report.setMismatch(mismatch)
    case .checksum:
      var checksum = Checksum()
      try unsafe timed(&report, .read) { bytes, _ in unsafe checksum.update(UnsafeRawBufferPointer(bytes)) }
      report.setChecksum(checksum.value)
    case .bandwidth:
      try measure(&report)
    case .dump:
      try dump()
      return nil
    case .output(let path):
      try copy(to: path, &report)
      if path == "-" { return nil }
    case .input(let path):
      try copy(from: path, &report)
    }
    return report
  }

  // MARK: CPU access, pieces and progress

  /// Maps the range, begins CPU access and calls `body` with the bytes. The access ends even after an error.
  private func access(
    _ direction: AccessDirection, _ body: (UnsafeMutableRawBufferPointer) throws -> Void
  ) throws {
    let mapped = try map(direction)
    guard isSynchronized else { return try unsafe body(mapped.bytes) }
    try AccessWait.begin(direction, to: buffer, deadline: deadline)
    do {
      try unsafe body(mapped.bytes)
    } catch {
      try? buffer.endAccess(direction)
      throw error
    }
    try buffer.endAccess(direction)
  }

  private func map(_ direction: AccessDirection) throws -> MappedRange {
    do {
      return try buffer.map(range, for: direction)
    } catch {
      throw explained(error, direction)
    }
  }

  private func forEachPiece(
    _ bytes: UnsafeMutableRawBufferPointer, _ title: String, size: Int = pieceSize,
    _ body: (UnsafeMutableRawBufferPointer, Int) throws -> Void
  ) throws {
    let progress = Progress()
    let total = Units.size(UInt64(bytes.count))
    defer { progress.finish() }
    for start in stride(from: 0, to: bytes.count, by: size) {
      let end = min(start + size, bytes.count)
      try unsafe body(UnsafeMutableRawBufferPointer(rebasing: bytes[start..<end]), range.lowerBound + start)
      try Interruption.check()
      progress.show("\(title): \(end * 100 / bytes.count) % of \(total)")
    }
  }

  private func timed(
    _ report: inout MapReport, _ direction: AccessDirection,
    _ body: (UnsafeMutableRawBufferPointer, Int) -> Void
  ) throws {
    var elapsed: UInt64 = 0
    try unsafe access(direction) { bytes in
      let start = Clock.now
      try unsafe forEachPiece(bytes, report.operation, body)
      elapsed = Clock.now - start
    }
    report.setRate(bytes: range.count, nanoseconds: elapsed)
  }

  private func explained(_ error: KernelError, _ direction: AccessDirection) -> any Error {
    let reason: String? =
      switch (error.errno, buffer.accessMode) {
      case (.permissionDenied, .writeOnly): "a write-only descriptor cannot be mapped"
      case (.permissionDenied, _) where direction != .read:
        "the descriptor is read-only; use one that was opened for writing"
      case (.invalidArgument, _):
        buffer.size % Mapping.pageSize != 0
          ? "the size of the buffer is not a multiple of the page size, and only whole pages can be mapped"
          : "the exporter\(exporterName) does not support CPU mappings"
      default: nil
      }
    return Failure("\(error)", hint: reason)
  }

  private var exporterName: String {
    (try? buffer.information()).map { " (\($0.exporter.escaped))" } ?? ""
  }

  // MARK: Dump and files

  private func dump() throws {
    let output = try StandardStream.output.open()
    var dump = HexDump(startingAt: range.lowerBound)
    try unsafe access(.read) { bytes in
      try unsafe forEachPiece(bytes, "dump") { piece, _ in
        for start in stride(from: 0, to: piece.count, by: 64 << 10) {
          let end = min(start + 64 << 10, piece.count)
          unsafe dump.add(UnsafeRawBufferPointer(rebasing: piece[start..<end]))
          try output.write(dump.takeText())
        }
      }
      dump.finish()
      try output.write(dump.takeText())
    }
  }

  private func copy(to path: String, _ report: inout MapReport) throws {
    if path == "-" {
      let output = try StandardStream.output.open()
      return try unsafe copyPieces(&report) { piece throws(KernelError) in try unsafe output.write(piece) }
    }
    let file = try OutputFile(path)
    try unsafe copyPieces(&report) { piece throws(KernelError) in try unsafe file.write(piece) }
    try file.commit()
  }

  private func copyPieces(
    _ report: inout MapReport, _ body: (UnsafeRawBufferPointer) throws(KernelError) -> Void
  ) throws {
    var elapsed: UInt64 = 0
    try unsafe access(.read) { bytes in
      let start = Clock.now
      try unsafe forEachPiece(bytes, "output") { piece, _ in try unsafe body(UnsafeRawBufferPointer(piece)) }
      elapsed = Clock.now - start
    }
    report.setRate(bytes: range.count, nanoseconds: elapsed)
  }

  /// Copies a file into the range. A file that is too long is refused before anything is written, if its length is
  /// known. From a pipe, the part that fits is written and the rest is reported.
  private func copy(from path: String, _ report: inout MapReport) throws {
    let file = try path == "-" ? StandardStream.input.open() : OpenFile(reading: path)
    if let size = try file.regularFileSize(), path != "-", size > range.count {
      throw Failure(
        "cannot copy \(file.name): its \(size) bytes do not fit into the \(range.count) bytes of \(buffer.file.name)")
    }
    var written = 0
    var elapsed: UInt64 = 0
    try unsafe access(.write) { bytes in
      let start = Clock.now
      try unsafe forEachPiece(bytes, "input") { piece, _ in
        var filled = 0
        while filled < piece.count {
          let count = try unsafe file.read(into: UnsafeMutableRawBufferPointer(rebasing: piece[filled...]))
          if count == 0 { break }
          filled += count
        }
        written += filled
      }
      elapsed = Clock.now - start
    }
    report.length = written
    report.setRate(bytes: written, nanoseconds: elapsed)
    if written == range.count, try !file.isAtEnd() {
      throw Failure("cannot copy all of \(file.name): only the first \(range.count) bytes fit")
    }
  }

  // MARK: Bandwidth

  /// Reads the whole range, then writes the same data back to each piece.
  private func measure(_ report: inout MapReport) throws {
    let canWrite = buffer.accessMode == .readWrite
    var reading: UInt64 = 0
    var writing: UInt64 = 0
    try unsafe access(canWrite ? [.read, .write] : .read) { bytes in
      try unsafe forEachPiece(bytes, "reading") { piece, _ in
        let start = Clock.now
        unsafe CPUBandwidth.read(UnsafeRawBufferPointer(piece))
        reading += Clock.now - start
      }
      guard canWrite else { return }
      // The scratch memory is larger than the caches. Otherwise the write would use data that was just read.
      let scratch = UnsafeMutableRawBufferPointer.allocate(
        byteCount: min(32 << 20, bytes.count), alignment: 64)
      defer { unsafe scratch.deallocate() }
      try unsafe forEachPiece(bytes, "writing", size: scratch.count) { piece, _ in
        unsafe writing += CPUBandwidth.rewrite(piece, through: scratch)
      }
    }
    report.setRates(bytes: range.count, reading: reading, writing: canWrite ? writing : nil)
  }
}
