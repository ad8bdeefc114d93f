// SPDX-License-Identifier: MIT
import DMABuf
import SystemPackage

/// The results of importing a buffer into devices.
struct ImportReport: Report, Encodable {
  enum Outcome: String, Encodable { case ok, refused, skipped }

  struct Buffer: Encodable {
    let ino: UInt64
    let size: Int
    let exporter: UntrustedText
    @Nullable var source: String?

    enum CodingKeys: String, CodingKey {
      case ino, size, source
      case exporter = "exp_name"
    }
  }

  struct DeviceResult: Encodable {
    let device: String
    @Nullable var driver: UntrustedText?
    /// The queue of a V4L2 device.
    @Nullable var queue: String?
    var outcome = Outcome.refused
    @Nullable var call: String?
    /// The symbol of the errno, such as `EINVAL`.
    @Nullable var errno: String?
    @Nullable var reason: String?
    @Nullable var handle: UInt32?
    @Nullable var sameHandle: Bool?
    @Nullable var sameFile: Bool?
    /// Size in bytes as the device reports it: of the GEM object, or of all planes of a frame.
    @Nullable var size: Int?
    /// Whether a display can show the buffer; `nil` if this was not requested.
    @Nullable var framebuffer: Bool?
    var frames: [Frame] = []
    /// A note in the text output only.
    var note: String?
    /// The error in the words of strerror(3). It also determines the exit status.
    private(set) var error: String?
    private(set) var status = ExitStatus.failed

    enum CodingKeys: String, CodingKey {
      case device, driver, queue, call, errno, reason, handle, size, framebuffer, frames
      case outcome = "result"
      case sameHandle = "same_handle"
      case sameFile = "same_file"
    }

    init(device: String) { self.device = device }

    mutating func refuse(_ error: any Error, reason: String?) {
      outcome = .refused
      self.reason = reason
      switch error {
      case let error as KernelError:
        (call, errno) = (error.call.name, ErrnoName.of(error.errno))
        self.error = "\(error.errno)"
        status = Advice.status(for: error)
      case let error as NoSuchDevice:
        (self.error, self.reason) = ("\(error.subject): no such device", DeviceAdvice.hint(for: error))
      case let error as FormatChanged:
        call = KernelCall.VIDIOC_S_FMT.name
        (self.error, self.reason) = ("\(error)", DeviceAdvice.hint(for: error))
      case let error as TimedOut:
        (call, errno) = (error.call.name, ErrnoName.of(.timedOut))
        self.error = "\(Errno.timedOut)"
        status = .timedOut
      case let error as StreamEnded:
        let reason: Errno = error.reason == .deviceGone ? .operationNotSupportedByDevice : .ioError
        (call, errno) = (KernelCall.poll.name, ErrnoName.of(reason))
        self.error = "\(reason)"
      case let failure as Failure:
        (self.error, self.reason) = (failure.message, failure.hint)
      default:
        self.error = "\(error)"
      }
    }

    mutating func skip(_ reason: String) {
      outcome = .skipped
      self.reason = reason
    }
  }

  struct Frame: Encodable {
    let buffer: Int
    let sequence: UInt32
    let bytesUsed: Int
    let timestamp: UInt64
    let field: String
    let error: Bool
    @Nullable var checksum: String?

    enum CodingKeys: String, CodingKey {
      case buffer, sequence, field, error, checksum
      case bytesUsed = "bytes_used"
      case timestamp = "timestamp_ns"
    }

    init(_ frame: V4L2Frame, buffer: Int, checksum: UInt64?) {
      self.buffer = buffer
      sequence = frame.sequence
      bytesUsed = frame.bytesUsed.reduce(0, +)
      timestamp = frame.timestamp
      field = frame.field
      error = frame.isError
      self.checksum = checksum.map(Units.checksum)
    }
  }

  let schema = "dmabuf.import/1"
  let buffer: Buffer
  let devices: [DeviceResult]
  let isMatrix: Bool

  enum CodingKeys: String, CodingKey { case schema, buffer, devices }

  init(_ buffers: Kept<DMABuffer>, source: String?, isMatrix: Bool, _ results: [DeviceResult]) throws {
    buffer = try buffers.with(0) {
      Buffer(ino: $0.inode, size: $0.size, exporter: try $0.information().exporter, source: source)
    }
    devices = results
    self.isMatrix = isMatrix
  }

  var isRefused: Bool { devices.contains { $0.outcome == .refused } }

  // MARK: Text

  func text(style: Style) -> String {
    var table = Table(
      .init("DEVICE"), .init("DRIVER"), .init("QUEUE"), .init("RESULT"), .init("HANDLE", .right), .init("NOTE"))
    table.rows = devices.map {
      [
        UntrustedText($0.device.utf8).escaped, $0.driver?.escaped ?? "-", $0.queue ?? "-", $0.word,
        $0.handle.map { "\($0)" } ?? "-", note($0),
      ]
    }
    let title = "ino:\(buffer.ino), \(Units.size(UInt64(buffer.size))) of \(buffer.exporter.escaped)"
    return ([style.fit(title)] + table.lines(style: style) + devices.flatMap { frames(of: $0, style) })
      .joined(separator: "\n")
  }

  private func note(_ result: DeviceResult) -> String {
    if result.outcome != .ok {
      // The errors of named devices are explained on standard error.
      return result.outcome == .skipped || isMatrix ? result.explanation : result.call ?? ""
    }
    let notes = [
      result.sameHandle == false ? "another handle on re-import" : nil,
      result.sameFile.map { $0 ? "re-exports as the same buffer" : "re-exports as another buffer" },
      result.framebuffer == true ? "a display can show it" : nil,
      result.note,
      result.frames.isEmpty ? nil : "\(Units.count(result.frames.count, "frame"))",
    ]
    return notes.compactMap(\.self).joined(separator: ", ")
  }

  private func frames(of result: DeviceResult, _ style: Style) -> [String] {
    guard !result.frames.isEmpty else { return [] }
    var table = Table(
      .init("FRAME", .right), .init("BUFFER", .right), .init("BYTES", .right), .init("TIME", .right), .init("FIELD"),
      .init("STATE"), .init("CHECKSUM"))
    let start = result.frames[0].timestamp
    table.rows = result.frames.map {
      [
        "\($0.sequence)", "\($0.buffer)", "\($0.bytesUsed)", Units.time($0.timestamp &- min(start, $0.timestamp)),
        $0.field, $0.error ? "damaged" : "good", $0.checksum ?? "-",
      ]
    }
    return ["", "\(UntrustedText(result.device.utf8).escaped):"] + table.lines(style: style)
  }
}

extension ImportReport.DeviceResult {
  /// `ok`, `skipped`, or the symbol of the errno.
  var word: String { outcome == .refused ? errno ?? "refused" : outcome.rawValue }

  var place: String { [device, queue].compactMap(\.self).joined(separator: " ") }

  var explanation: String {
    [call, reason ?? error].compactMap(\.self).joined(separator: ": ")
  }
}

extension ImportReport {
  /// One suite for the buffer, one case for each device or queue.
  var junit: JUnit.Suite {
    let cases = devices.map { result in
      let verdict: JUnit.Outcome =
        switch result.outcome {
        case .ok: .passed
        case .refused: .failed(message: result.explanation, type: result.word)
        case .skipped: .skipped(message: result.explanation)
        }
      return JUnit.Case(group: result.driver?.escaped ?? "unknown", name: result.place, outcome: verdict)
    }
    return JUnit.Suite(name: title, cases: cases)
  }
}
