// SPDX-License-Identifier: MIT
internal import CLibDRM
public import DMABuf
import Glibc
import SystemPackage

/// A commit that shows a framebuffer on a pipeline.
public struct DisplayCommit: Equatable, Sendable {
  /// The framebuffer, of the size of the mode.
  public let framebuffer: UInt32
  /// The framebuffer that gets what the display shows; `nil` for none.
  public let writeback: UInt32?
  /// The descriptor of a sync_file that the commit waits for; `nil` for none.
  public let inFence: CInt?

  /// Creates a commit.
  public init(framebuffer: UInt32, writeback: UInt32? = nil, inFence: CInt? = nil) {
    self.framebuffer = framebuffer
    self.writeback = writeback
    self.inFence = inFence
  }
}

/// The fences of a commit.
public struct CommitFences: ~Copyable, Sendable {
  /// Signals when the display shows the framebuffer (`OUT_FENCE_PTR`).
  public let shown: SyncFile
  /// Signals when the writeback is complete (`WRITEBACK_OUT_FENCE_PTR`); `nil` without one.
  public let writeback: SyncFile?

  /// Waits until the writeback is complete. Returns at once without one.
  ///
  /// Corresponds to `poll(2)`. Throws ``TimedOut`` after `deadline`.
  public func waitForWriteback(deadline: Deadline) throws {
    switch writeback {
    case .some(let fence):
      let events = try Polling.poll(
        CInt(POLLIN), of: fence.descriptorNumber, on: fence.file.name, deadline: deadline)
      guard events != 0 else { throw TimedOut(.poll, on: fence.file.name) }
    case .none: break
    }
  }
}

/// The moment at which a display showed a commit.
public struct DisplayFlip: Equatable, Sendable {
  /// The time on ``Clock``, in nanoseconds, with a resolution of a microsecond.
  public let time: UInt64
  /// The number of the vertical blank.
  public let sequence: UInt32
}

/// A part of a commit that is tested by itself.
public enum CommitPart: String, Sendable, CaseIterable {
  /// The mode on the connector, without planes.
  case mode
  /// The framebuffer on the plane.
  case plane
  /// The framebuffer of the writeback connector.
  case writeback
}

/// An error: the kernel refuses a commit in a test. The smallest tested part that it refuses is known.
public struct CommitRefused: Error, Equatable, Sendable {
  /// The refusal of the whole commit.
  public let reason: KernelError
  /// The first part that was refused together with those before it; `nil` if each was accepted when it was tested.
  public let part: CommitPart?
}

extension CommitRefused: CustomStringConvertible {
  /// `SUBJECT: CALL: strerror`.
  public var description: String { "\(reason)" }
}

extension DRMNode {
  /// Adds a framebuffer for the time of `body`.
  ///
  /// Corresponds to `DRM_IOCTL_MODE_ADDFB2` and `DRM_IOCTL_MODE_RMFB`. Throws as ``tryFramebuffer(_:handle:)``.
  public func withFramebuffer<Result>(
    _ layout: FramebufferLayout, of buffer: borrowing DMABuffer, _ body: (UInt32) throws -> Result
  ) throws -> Result {
    let framebuffer = try importFramebuffer(layout, of: buffer)
    defer { drmModeRmFB(descriptorNumber, framebuffer) }
    return try body(framebuffer)
  }

  private func importFramebuffer(
    _ layout: FramebufferLayout, of buffer: borrowing DMABuffer
  ) throws(KernelError) -> UInt32 {
    let handle = try importBuffer(buffer)
    // The framebuffer references the buffer. Another import of it would have the same handle.
    defer { close(handle) }
    return try addFramebuffer(layout, handles: [handle])
  }

  /// Tests a commit without making it, and returns the pipeline for it. If the kernel does not let the CRTC drive a
  /// monitor and a writeback connector at a time, this is a pipeline without the monitor.
  ///
  /// Corresponds to `DRM_IOCTL_MODE_ATOMIC` with `DRM_MODE_ATOMIC_TEST_ONLY`. Throws ``CommitRefused``.
  public func test(_ commit: DisplayCommit, on pipeline: DisplayPipeline) throws -> DisplayPipeline {
    let parts = CommitPart.allCases.filter { $0 != .writeback || commit.writeback != nil }
    guard let reason = try refusal(of: commit, parts, on: pipeline) else { return pipeline }
    if let alone = pipeline.alone, try refusal(of: commit, parts, on: alone) == nil { return alone }
    for count in 1...parts.count where try refusal(of: commit, Array(parts.prefix(count)), on: pipeline) != nil {
      throw CommitRefused(reason: reason, part: parts[count - 1])
    }
    throw CommitRefused(reason: reason, part: nil)
  }

  private func refusal(
    of commit: DisplayCommit, _ parts: [CommitPart], on pipeline: DisplayPipeline
  ) throws(KernelError) -> KernelError? {
    let request = try AtomicRequest(on: self)
    let blob = try PropertyBlob(pipeline.mode.bytes, on: self)
    try request.setMode(blob.id, of: pipeline, on: self)
    try request.setPlane(parts.contains(.plane) ? commit.framebuffer : nil, of: pipeline, on: self)
    if parts.contains(.writeback), let writeback = pipeline.writeback, let target = commit.writeback {
      let properties = try ObjectProperties(of: writeback.id, .connector, on: self)
      try request.set("CRTC_ID", UInt64(pipeline.crtc), of: writeback.id, properties)
      try request.set("WRITEBACK_FB_ID", UInt64(target), of: writeback.id, properties)
    }
    do throws(KernelError) {
      try request.commit(Int(DRM_MODE_ATOMIC_TEST_ONLY) | Int(DRM_MODE_ATOMIC_ALLOW_MODESET), on: self)
      return nil
    } catch {
      return error
    }
  }

  /// Sets the mode and shows a framebuffer. The function does not wait: ``nextFlip(deadline:)`` does.
  ///
  /// Corresponds to `DRM_IOCTL_MODE_ATOMIC`.
  public func show(_ commit: DisplayCommit, on pipeline: DisplayPipeline) throws -> CommitFences {
    let request = try AtomicRequest(on: self)
    let blob = try PropertyBlob(pipeline.mode.bytes, on: self)
    try request.setMode(blob.id, of: pipeline, on: self)
    try request.setPlane(commit.framebuffer, of: pipeline, on: self)
    if let fence = commit.inFence {
      let properties = try ObjectProperties(of: pipeline.plane, .plane, on: self)
      try request.set("IN_FENCE_FD", UInt64(bitPattern: Int64(fence)), of: pipeline.plane, properties)
    }
    // The kernel writes a descriptor to each address during the commit.
    let fences = UnsafeMutableBufferPointer<Int32>.allocate(capacity: 2)
    defer { unsafe fences.deallocate() }
    unsafe fences.initialize(repeating: -1)
    func address(_ index: Int) -> UInt64 { unsafe UInt64(UInt(bitPattern: fences.baseAddress! + index)) }
    let crtcProperties = try ObjectProperties(of: pipeline.crtc, .crtc, on: self)
    try request.set("OUT_FENCE_PTR", address(0), of: pipeline.crtc, crtcProperties)
    if let writeback = pipeline.writeback, let target = commit.writeback {
      let properties = try ObjectProperties(of: writeback.id, .connector, on: self)
      try request.set("CRTC_ID", UInt64(pipeline.crtc), of: writeback.id, properties)
      try request.set("WRITEBACK_FB_ID", UInt64(target), of: writeback.id, properties)
      try request.set("WRITEBACK_OUT_FENCE_PTR", address(1), of: writeback.id, properties)
    }
    try request.commit(Self.shown | Int(DRM_MODE_ATOMIC_ALLOW_MODESET), on: self)
    let (shown, written) = unsafe (fences[0], fences[1])
    return CommitFences(
      shown: Self.fence(shown, "out-fence"), writeback: written < 0 ? nil : Self.fence(written, "writeback"))
  }

  /// Shows another framebuffer of the same size and format at the next vertical blank.
  ///
  /// Corresponds to `DRM_IOCTL_MODE_ATOMIC` without `DRM_MODE_ATOMIC_ALLOW_MODESET`.
  public func flip(to framebuffer: UInt32, on pipeline: DisplayPipeline) throws {
    let request = try AtomicRequest(on: self)
    let properties = try ObjectProperties(of: pipeline.plane, .plane, on: self)
    try request.set("FB_ID", UInt64(framebuffer), of: pipeline.plane, properties)
    try request.commit(Self.shown, on: self)
  }

  /// The kernel returns at once, and sends an event when the display shows the commit.
  private static var shown: Int { Int(DRM_MODE_PAGE_FLIP_EVENT) | Int(DRM_MODE_ATOMIC_NONBLOCK) }

  private static func fence(_ descriptor: CInt, _ name: String) -> SyncFile {
    SyncFile(trusting: OpenFile(OwnedDescriptor(owning: descriptor), name: name))
  }

  /// Waits until the display shows the last commit.
  ///
  /// Corresponds to `poll(2)` and `read(2)` of a `struct drm_event_vblank`. Throws ``TimedOut`` after `deadline`.
  public func nextFlip(deadline: Deadline) throws -> DisplayFlip {
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 1024, alignment: 8)
    defer { unsafe bytes.deallocate() }
    while true {
      guard try Polling.poll(CInt(POLLIN), of: descriptorNumber, on: path, deadline: deadline) != 0 else {
        throw TimedOut(.poll, on: path)
      }
      let count = try unsafe file.read(into: bytes)
      if let flip = unsafe DisplayFlip(firstOf: UnsafeRawBufferPointer(rebasing: bytes[..<count])) { return flip }
    }
  }
}

extension DisplayFlip {
  /// The first flip among events as the kernel writes them: each begins with its type and length.
  init?(firstOf events: UnsafeRawBufferPointer) {
    let header = MemoryLayout<drm_event>.size
    var start = 0
    while start + header <= events.count {
      let event = unsafe events.loadUnaligned(fromByteOffset: start, as: drm_event.self)
      let length = Int(event.length)
      guard length >= header, start + length <= events.count else { return nil }
      if event.type == UInt32(DRM_EVENT_FLIP_COMPLETE), length >= MemoryLayout<drm_event_vblank>.size {
        let flip = unsafe events.loadUnaligned(fromByteOffset: start, as: drm_event_vblank.self)
        time = UInt64(flip.tv_sec) * 1_000_000_000 + UInt64(flip.tv_usec) * 1_000
        sequence = flip.sequence
        return
      }
      start += length
    }
    return nil
  }
}

extension AtomicRequest {
  /// Sets the mode on the CRTC and its connector.
  fileprivate func setMode(
    _ blob: UInt32, of pipeline: DisplayPipeline, on node: borrowing DRMNode
  ) throws(KernelError) {
    let crtc = try ObjectProperties(of: pipeline.crtc, .crtc, on: node)
    try set("MODE_ID", UInt64(blob), of: pipeline.crtc, crtc)
    try set("ACTIVE", 1, of: pipeline.crtc, crtc)
    let connector = try ObjectProperties(of: pipeline.connector.id, .connector, on: node)
    try set("CRTC_ID", pipeline.writesBackAlone ? 0 : UInt64(pipeline.crtc), of: pipeline.connector.id, connector)
  }

  /// Shows a framebuffer on the whole display, or nothing. Other planes of the CRTC show nothing.
  fileprivate func setPlane(
    _ framebuffer: UInt32?, of pipeline: DisplayPipeline, on node: borrowing DRMNode
  ) throws(KernelError) {
    for plane in pipeline.others + (framebuffer == nil ? [pipeline.plane] : []) {
      let properties = try ObjectProperties(of: plane, .plane, on: node)
      try set("FB_ID", 0, of: plane, properties)
      try set("CRTC_ID", 0, of: plane, properties)
    }
    guard let framebuffer else { return }
    let properties = try ObjectProperties(of: pipeline.plane, .plane, on: node)
    let (width, height) = (UInt64(pipeline.mode.width), UInt64(pipeline.mode.height))
    // Positions in the framebuffer are fixed point numbers with 16 bits after the point.
    let values = [
      ("FB_ID", UInt64(framebuffer)), ("CRTC_ID", UInt64(pipeline.crtc)), ("CRTC_X", 0), ("CRTC_Y", 0),
      ("CRTC_W", width), ("CRTC_H", height), ("SRC_X", 0), ("SRC_Y", 0), ("SRC_W", width << 16),
      ("SRC_H", height << 16),
    ]
    for (name, value) in values { try set(name, value, of: pipeline.plane, properties) }
  }
}
