// SPDX-License-Identifier: MIT
internal import CDMABuf
import DMABuf
import DMABufCensus
import DMABufHost
import Glibc

/// The vgem device, which attaches fences to any buffer that it can import.
struct TestDevice {
  /// A node that this user may open, a render node if there is one.
  static let node: String? = ((try? DRMNode.pathsRenderFirst()) ?? []).first { path in
    (try? DRMNode(path))?.driver == UntrustedText("vgem".utf8)
  }

  static var absence: String { KernelModule("vgem").absence ?? "no vgem device that this user may open" }

  let descriptor: CInt

  init() throws {
    guard let node = Self.node else { throw CheckSkipped(Self.absence) }
    descriptor = try Raw.open(node, O_RDWR).orEnd("open")
    DRMNode.dropMaster(descriptor)
  }

  /// Imports the buffer and returns its handle. Skips the check if vgem does not import the buffer.
  func handle(of buffer: CInt) throws -> UInt32 {
    let answer = CheckContext.importBuffer(buffer, into: descriptor)
    guard answer.isDone else { throw CheckSkipped("vgem does not import this buffer: PRIME_FD_TO_HANDLE: \(answer)") }
    return UInt32(answer.value)
  }

  /// Attaches a pending fence. The value of the result is the fence's number.
  func attach(_ handle: UInt32, isWriting: Bool) -> CallResult {
    var argument = Argument(16, handle, isWriting ? 1 : 0)
    let answer = Raw.ioctl(descriptor, .both("d", 0x41, 16), &argument)
    return answer.isDone ? CallResult(Int(argument[u32: 8])) : answer
  }

  func signal(_ fence: CallResult) -> CallResult {
    Raw.ioctl(descriptor, .write("d", 0x42, 8), Argument(8, UInt32(truncatingIfNeeded: fence.value)))
  }

  func fence(on buffer: CInt, isWriting: Bool) throws -> CallResult {
    let fence = attach(try handle(of: buffer), isWriting: isWriting)
    guard fence.isDone else { throw StepRefused(call: "DRM_IOCTL_VGEM_FENCE_ATTACH", answer: fence) }
    return fence
  }
}

/// A sw_sync timeline, whose fences signal when its value reaches theirs.
struct Timeline {
  let descriptor: CInt

  init() throws { descriptor = try Raw.open("/sys/kernel/debug/sync/sw_sync", O_RDWR).orEnd("open") }

  func fence(_ value: UInt32) throws -> CInt {
    var argument = Argument(40, value)
    _ = try Raw.ioctl(descriptor, .both("W", 0, 40), &argument).orEnd("SW_SYNC_IOC_CREATE_FENCE")
    return argument[descriptor: 36]
  }

  func advance(_ count: UInt32) { _ = Raw.ioctl(descriptor, .write("W", 1, 4), Argument(4, count)) }

  /// The earliest deadline that was set on the fence, or the errno.
  func deadline(of fence: CInt) -> String {
    var argument = Argument(16)
    argument[descriptor: 12] = fence
    let answer = Raw.ioctl(descriptor, .both("W", 2, 16), &argument)
    return answer.isDone ? "\(argument[u64: 0])" : "\(answer)"
  }
}

/// The requests of sync_files.
enum RawSyncFile {
  static func merge(_ first: CInt, _ second: CInt, name: String = "", flags: UInt32 = 0, pad: UInt32 = 0)
    -> CallResult
  {
    var argument = Argument(48)
    argument.set(0, text: name)
    argument[descriptor: 32] = second
    argument[u32: 40] = flags
    argument[u32: 44] = pad
    let answer = Raw.ioctl(first, .both(">", 3, 48), &argument)
    return answer.isDone ? CallResult(argument[descriptor: 36]) : answer
  }

  static let information = RawRequest.both(">", 4, 56)

  /// Reads the information of the file, without its fences.
  static func describe(_ file: CInt, flags: UInt32 = 0, pad: UInt32 = 0, count: UInt32 = 0) -> (CallResult, Argument)
  {
    var argument = Argument(56)
    argument[u32: 36] = flags
    argument[u32: 40] = count
    argument[u32: 44] = pad
    let answer = Raw.ioctl(file, information, &argument)
    return (answer, argument)
  }

  /// The status: 1 is signalled, 0 is pending, a negative number is an errno.
  static func status(_ file: CInt) -> CInt { describe(file).1[descriptor: 32] }

  static func count(_ file: CInt) -> UInt32 { describe(file).1[u32: 40] }

  /// Reads the fences into an array of `room` entries. Returns the result, the number of fences, and the driver of the
  /// first.
  static func fences(_ file: CInt, room: Int) -> (CallResult, count: UInt32, driver: String) {
    var list = Argument(80 * room)
    var argument = Argument(56)
    argument[u32: 40] = UInt32(room)
    let answer = unsafe list.withPointer { pointer in
      argument[u64: 48] = UInt64(UInt(bitPattern: pointer))
      return Raw.ioctl(file, information, &argument)
    }
    return (answer, argument[u32: 40], list.text(32, 32))
  }

  static func setDeadline(_ file: CInt, _ nanoseconds: UInt64, pad: UInt64 = 0) -> CallResult {
    var argument = Argument(16)
    argument[u64: 0] = nanoseconds
    argument[u64: 8] = pad
    return Raw.ioctl(file, .write(">", 5, 16), argument)
  }
}

extension DebugTable {
  static func ofMachine() throws -> DebugTable {
    guard let text = try? SmallFile.read(Census.debugList, limit: 1 << 24),
      let table = try? DebugTable(parsing: text)
    else {
      throw CheckSkipped("bufinfo cannot be read")
    }
    return table
  }

  subscript(_ inode: UInt64) -> Census.Buffer? { buffers.first { $0.inode == inode } }
  subscript(_ buffer: CInt) -> Census.Buffer? { self[Raw.inode(buffer)] }
}
