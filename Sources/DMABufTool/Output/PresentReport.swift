// SPDX-License-Identifier: MIT
import DMABuf
import DMABufBench
import DMABufDisplay
import DMABufHolding

/// The inode number and size of a buffer.
struct BufferIdentity: Encodable {
  let ino: UInt64
  let size: Int

  static func all(_ buffers: Kept<DMABuffer>) -> [BufferIdentity] {
    buffers.map { BufferIdentity(ino: $0.inode, size: $0.size) }
  }
}

struct PresentReport: Report, Encodable {
  /// The times of a presentation, in nanoseconds since the commit.
  struct Times {
    /// The moment at which the display showed the first commit.
    var shown: UInt64 = 0
    var written: UInt64?
    /// The first commit, and each page flip after it.
    var flips: [DisplayFlip] = []
  }

  struct Mode: Encodable {
    let width: Int
    let height: Int
    let refresh: Int
  }

  struct Image: Encodable {
    let width: Int
    let height: Int
    let format: String
    @Nullable var modifier: UInt64?
  }

  struct Percentiles: Encodable {
    let min: UInt64
    let p50: UInt64
    let p95: UInt64
    let p99: UInt64
    let max: UInt64
  }

  struct Flips: Encodable {
    let count: Int
    /// Vertical blanks without a flip.
    let missed: Int
    let intervals: Percentiles

    enum CodingKeys: String, CodingKey {
      case count, missed
      case intervals = "interval_ns"
    }
  }

  struct Writeback: Encodable {
    let ino: UInt64
    let size: Int
    let written: UInt64

    enum CodingKeys: String, CodingKey {
      case ino, size
      case written = "written_ns"
    }
  }

  let schema = "dmabuf.present/1"
  let device: String
  let driver: UntrustedText
  let connector: String
  let crtc: UInt32
  let plane: UInt32
  let mode: Mode
  let image: Image
  let buffers: [BufferIdentity]
  let shown: UInt64
  @Nullable var flips: Flips?
  @Nullable var outFence: String?
  @Nullable var writeback: Writeback?

  enum CodingKeys: String, CodingKey {
    case schema, device, driver, connector, crtc, plane, mode, image, buffers, flips, writeback
    case shown = "shown_ns"
    case outFence = "out_fence"
  }

  init(
    device: String, driver: UntrustedText, _ pipeline: DisplayPipeline, _ layout: FramebufferLayout,
    _ buffers: [BufferIdentity], writeback: BufferIdentity?, outFence: HeldName?, _ times: Times
  ) {
    self.device = device
    self.driver = driver
    connector = pipeline.shownOn.name
    (crtc, plane) = (pipeline.crtc, pipeline.plane)
    mode = Mode(width: pipeline.mode.width, height: pipeline.mode.height, refresh: pipeline.mode.refresh)
    image = Image(
      width: layout.width, height: layout.height, format: "\(layout.format)", modifier: layout.modifier)
    self.buffers = buffers
    shown = times.shown
    flips = Flips(times.flips)
    self.outFence = outFence.map { "\($0)" }
    if let writeback, let written = times.written {
      self.writeback = Writeback(ino: writeback.ino, size: writeback.size, written: written)
    }
  }

  func text(style: Style) -> String {
    var lines = [
      "shown on \(connector) (CRTC \(crtc), plane \(plane)) at \(mode.width)x\(mode.height) after \(Units.time(shown))"
    ]
    if let flips {
      let times = flips.intervals
      lines.append(
        Units.count(flips.count, "page flip") + ": p50 \(Units.time(times.p50)), p95 \(Units.time(times.p95)), "
          + "p99 \(Units.time(times.p99)), max \(Units.time(times.max)); "
          + Units.count(flips.missed, "vertical blank") + " missed")
    }
    if let outFence { lines.append("the fence of the commit is held as \(outFence)") }
    if let writeback { lines.append("written back to ino:\(writeback.ino) after \(Units.time(writeback.written))") }
    lines.append("the former state of the display is restored")
    return lines.joined(separator: "\n")
  }
}

extension PresentReport.Flips {
  /// The intervals between flips; `nil` for fewer than two.
  init?(_ flips: [DisplayFlip]) {
    let pairs = zip(flips, flips.dropFirst())
    let intervals = pairs.map { $1.time > $0.time ? $1.time - $0.time : 0 }
    guard !intervals.isEmpty else { return nil }
    let found = Statistics(intervals)
    self.init(
      count: intervals.count,
      // The number wraps around.
      missed: pairs.reduce(0) { $0 + max(0, Int(Int32(bitPattern: $1.1.sequence &- $1.0.sequence)) - 1) },
      intervals: .init(
        min: found.minimum, p50: found.median, p95: found.percentile95, p99: found.percentile99, max: found.maximum))
  }
}
