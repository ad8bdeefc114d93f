// SPDX-License-Identifier: MIT
internal import CDMABuf
import DMABuf
import Glibc

/// The environment of a check. A check runs in its own process, so its files need not be closed.
final class CheckContext {
  let target: ConformanceTarget
  private var first: CInt?
  private var opened: CInt?

  /// The trace instance of the check; `nil` for a check without one.
  let traces: String?

  init(on target: ConformanceTarget, traces: String? = nil) {
    self.target = target
    self.traces = traces
  }

  /// The buffer under test.
  func buffer() throws -> CInt {
    if let first { return first }
    if case .given(let descriptor, _) = target { return descriptor }
    let buffer = try another()
    first = buffer
    return buffer
  }

  /// The buffer under test, while no device uses it.
  func idleBuffer() throws -> CInt {
    let buffer = try buffer()
    if case .given = target, Raw.poll(buffer, POLLIN | POLLOUT) != POLLIN | POLLOUT {
      throw CheckSkipped("fences are pending on the buffer")
    }
    return buffer
  }

  func size() throws -> Int { Int(Raw.status(try buffer()).st_size) }

  /// Allocates another buffer of the same exporter, of `size` bytes if the exporter supports a choice.
  func another(_ size: Int = 16384, mode: CInt = O_RDWR) throws -> CInt {
    switch target {
    case .given: throw CheckSkipped("this check needs an exporter, not a single buffer")
    case .heap: return try allocate(size, mode: mode)
    case .udmabuf:
      guard mode == O_RDWR else { throw CheckSkipped("udmabuf exports only buffers that can be read and written") }
      return try userBuffer(of: sealedMemory(size), size)
    case .drm:
      let handle = try dumbBuffer()
      return try export(handle, flags: UInt32(mode | O_CLOEXEC)).orEnd("PRIME_HANDLE_TO_FD")
    case .v4l2: return try exportPlane(flags: UInt32(mode | O_CLOEXEC)).orEnd("VIDIOC_EXPBUF")
    case .machine:
      let open = { (other: ConformanceTarget) in try? CheckContext(on: other).another(size, mode: mode) }
      if let buffer = Self.first(of: ConformanceTarget.exporters(), open) { return buffer }
      if let buffer = Self.first(of: ConformanceTarget.devices(), open) { return buffer }
      throw CheckSkipped("no source of buffers works on this machine")
    }
  }

  /// Calls `open` for each target and returns the first result that is not `nil`.
  static func first(of targets: [ConformanceTarget], _ open: (ConformanceTarget) -> CInt?) -> CInt? {
    targets.lazy.compactMap(open).first
  }

  /// The target's node, opened once. If the node cannot be opened, the check is skipped.
  func node() throws -> CInt {
    if let opened { return opened }
    let path = target.node ?? UDMABuf.node
    let flags =
      switch target {
      case .heap: O_RDONLY
      // The node is non-blocking, because frames have a deadline.
      case .v4l2: O_RDWR | O_NONBLOCK
      default: O_RDWR
      }
    let answer = Raw.open(path, flags)
    guard answer.isDone else { throw CheckSkipped("\(path): open: \(answer)") }
    if case .drm = target { DRMNode.dropMaster(answer.descriptor) }
    opened = answer.descriptor
    return answer.descriptor
  }

  func isHeap(_ name: String) -> Bool { if case .heap(name) = target { true } else { false } }
  var isUDMABuf: Bool { if case .udmabuf = target { true } else { false } }

  // MARK: Heaps

  static let allocation = RawRequest.both("H", 0, 24)

  private func allocate(_ size: Int, mode: CInt) throws -> CInt {
    var argument = Argument(24)
    argument[u64: 0] = UInt64(size)
    argument[u32: 12] = UInt32(mode | O_CLOEXEC)
    _ = try Raw.ioctl(try node(), Self.allocation, &argument).orEnd("DMA_HEAP_IOCTL_ALLOC")
    return argument[descriptor: 8]
  }

  // MARK: udmabuf

  static let userCreation = RawRequest.write("u", 0x42, 24)

  func sealedMemory(_ size: Int, seals: CInt = CDMABUF_F_SEAL_SHRINK, flags: UInt32 = 0) throws -> CInt {
    let memory = unsafe CallResult(
      cdmabuf_memfd_create("dmabuf", MFD_CLOEXEC | MFD_ALLOW_SEALING | flags))
    let descriptor = try memory.orEnd("memfd_create")
    _ = try CallResult(ftruncate(descriptor, off_t(size))).orEnd("ftruncate")
    if seals != 0 { _ = try Raw.control(descriptor, CDMABUF_F_ADD_SEALS, seals).orEnd("F_ADD_SEALS") }
    return descriptor
  }

  func createUserBuffer(_ memory: CInt, offset: UInt64 = 0, size: UInt64, flags: UInt32 = 1) throws -> CallResult {
    var argument = Argument(24)
    argument[descriptor: 0] = memory
    argument[u32: 4] = flags
    argument[u64: 8] = offset
    argument[u64: 16] = size
    return Raw.ioctl(try node(), Self.userCreation, argument)
  }

  func userBuffer(of memory: CInt, _ size: Int) throws -> CInt {
    try createUserBuffer(memory, size: UInt64(size)).orEnd("UDMABUF_CREATE")
  }

  // MARK: DRM

  static let handleToDescriptor = RawRequest.both("d", 0x2d, 12)
  static let descriptorToHandle = RawRequest.both("d", 0x2e, 12)

  /// Creates a dumb buffer of 64 by 64 pixels, which is four pages, and returns its GEM handle.
  func dumbBuffer() throws -> UInt32 {
    var argument = Argument(32, 64, 64, 32)
    let answer = Raw.ioctl(try node(), .both("d", 0xb2, 32), &argument)
    guard answer.isDone else { throw CheckSkipped("no dumb buffers: DRM_IOCTL_MODE_CREATE_DUMB: \(answer)") }
    return argument[u32: 16]
  }

  func export(_ handle: UInt32, flags: UInt32) throws -> CallResult {
    var argument = Argument(12, handle, flags)
    let answer = Raw.ioctl(try node(), Self.handleToDescriptor, &argument)
    // Drivers without PRIME return ENOSYS.
    if answer.errno == ENOSYS { throw CheckSkipped("the driver exports no buffers: PRIME_HANDLE_TO_FD: \(answer)") }
    return answer.isDone ? CallResult(argument[descriptor: 8]) : answer
  }

  /// Imports a buffer. The value of the result is the handle.
  static func importBuffer(_ descriptor: CInt, into device: CInt) -> CallResult {
    var argument = Argument(12)
    argument[descriptor: 8] = descriptor
    let answer = Raw.ioctl(device, descriptorToHandle, &argument)
    return answer.isDone ? CallResult(Int(argument[u32: 0])) : answer
  }

  func importBuffer(_ descriptor: CInt) throws -> CallResult {
    let answer = Self.importBuffer(descriptor, into: try node())
    if answer.errno == ENOSYS { throw CheckSkipped("the driver imports no buffers: PRIME_FD_TO_HANDLE: \(answer)") }
    return answer
  }

  // MARK: V4L2

  private var hasPlanes = false

  func queue() throws -> V4L2Queue {
    guard case .v4l2(_, _, let queue, _) = target else { throw CheckSkipped("not a V4L2 device") }
    return queue
  }

  /// The node as a type of the library, with the same open file.
  func v4l2Node() throws -> V4L2Node {
    let copy = try CallResult(dup(try node())).orEnd("dup")
    return try V4L2Node(OpenFile(OwnedDescriptor(owning: copy), name: target.node ?? ""))
  }

  /// Requests V4L2 buffers on the queue: `memory` 1 is MMAP, 4 is DMABUF.
  func requestBuffers(_ count: UInt32, memory: UInt32, on device: CInt? = nil) throws -> (CallResult, Argument) {
    var argument = Argument(20, count, try queue().type, memory)
    let answer = Raw.ioctl(try device ?? node(), .both("V", 8, 20), &argument)
    return (answer, argument)
  }

  func exportPlane(index: UInt32 = 0, plane: UInt32 = 0, type: UInt32? = nil, flags: UInt32) throws -> CallResult {
    if !hasPlanes {
      let (answer, _) = try requestBuffers(2, memory: 1)
      guard answer.isDone else {
        throw CheckSkipped("the queue refuses MMAP buffers: VIDIOC_REQBUFS: \(answer)")
      }
      hasPlanes = true
    }
    return Self.exportPlane(try node(), index: index, plane: plane, type: try type ?? queue().type, flags: flags)
  }

  static func exportPlane(_ device: CInt, index: UInt32, plane: UInt32, type: UInt32, flags: UInt32) -> CallResult {
    var argument = Argument(64, type, index, plane, flags)
    let answer = Raw.ioctl(device, .both("V", 16, 64), &argument)
    return answer.isDone ? CallResult(argument[descriptor: 16]) : answer
  }
}

/// Joins several results into one finding.
func answers(_ list: [CallResult]) -> String { list.map(\.description).joined(separator: " ") }
func answers(_ list: CallResult...) -> String { answers(list) }
