// SPDX-License-Identifier: MIT
internal import CDMABuf
import DMABuf
import DMABufCensus
import Glibc

/// DRM devices that export and import buffers.
extension ConformanceCheck {
  private static let cloexec = UInt32(O_CLOEXEC)
  private static let readWrite = UInt32(O_RDWR)

  static let prime: [ConformanceCheck] = [
    .init("C92", "export accepts only the flags CLOEXEC and RDWR", on: .drm, expect: "EINVAL EINVAL") { context in
      let handle = try context.dumbBuffer()
      return answers(try context.export(handle, flags: 1), try context.export(handle, flags: UInt32(O_NONBLOCK)))
    },
    .init("C93", "there is no handle 0", on: .drm, expect: "ENOENT") { context in
      try context.export(0, flags: cloexec).description
    },
    .init(
      "C94", "a second export is the same file, with the mode of the first", on: .drm, expect: "same file, read-only"
    ) {
      context in
      let handle = try context.dumbBuffer()
      let first = try exported(context, handle, flags: cloexec)
      let second = try exported(context, handle, flags: cloexec | readWrite)
      let mode = CInt(Raw.control(second, F_GETFL).value) & O_ACCMODE
      return "\(try Raw.sameFile(first, second)) file, " + (mode == O_RDONLY ? "read-only" : "mode \(mode)")
    },
    .init("C95", "importing an own buffer returns its handle", on: .drm, expect: "same handle") { context in
      let handle = try context.dumbBuffer()
      let answer = try context.importBuffer(exported(context, handle, flags: cloexec))
      return answer.value == Int(handle) ? "same handle" : "\(answer) \(answer.value)"
    },
    .init("C96", "import accepts only dma-bufs", on: .drm, expect: "EBADF EINVAL") { context in
      let null = try Raw.open("/dev/null", O_RDWR).orEnd("open")
      return answers(try context.importBuffer(-1), try context.importBuffer(null))
    },
    .init(
      "C97", "a foreign buffer has one handle and stays the same file", on: .drm,
      expect: "same handle, same file"
    ) {
      context in
      let (buffer, handle) = try imported(context)
      let again = try context.importBuffer(buffer)
      let file = try exported(context, handle, flags: cloexec | readWrite)
      return (again.value == Int(handle) ? "same handle" : "another handle")
        + ", \(try Raw.sameFile(buffer, file)) file"
    },
    .init("C98", "a handle can be closed once", on: .drm, expect: "ok EINVAL") { context in
      let (_, handle) = try imported(context)
      let node = try context.node()
      return answers([0, 1].map { (_: Int) in Raw.ioctl(node, .write("d", 9, 8), Argument(8, handle)) })
    },
    .init("C99", "a render node allocates no dumb buffers", on: .drm, expect: "EACCES") { context in
      let card = (context.target.node ?? "").split(scalar: "/").last ?? ""
      let names = (try? Directory("/sys/class/drm/\(card)/device/drm").names()) ?? []
      guard let render = names.first(where: { $0.hasPrefix("renderD") }) else { throw CheckSkipped("no render node") }
      let node = Raw.open("/dev/dri/" + render, O_RDWR)
      guard node.isDone else { throw CheckSkipped("/dev/dri/\(render): open: \(node)") }
      return Raw.ioctl(node.descriptor, .both("d", 0xb2, 32), Argument(32, 64, 64, 32)).description
    },
    .init("C106", "an imported buffer cannot be mapped through the device", on: .drm, expect: "EINVAL") { context in
      let (_, handle) = try imported(context)
      return Raw.ioctl(try context.node(), .both("d", 0xb3, 16), Argument(16, handle)).description
    },
  ]

  static let testDevice: [ConformanceCheck] = [
    .init(
      "C100", "an import is listed with its device and adds three to count", on: .machine, needs: [.vgem, .bufinfo],
      expect: "vgem, +3"
    ) { context in
      let (buffer, device) = (try foreign(context), try TestDevice())
      let before = Raw.count(buffer)
      _ = try device.handle(of: buffer)
      let devices = try DebugTable.ofMachine()[buffer]?.devices ?? []
      return devices.map(\.string).joined(separator: " ") + ", +\(Raw.count(buffer) - before)"
    },
    .init("C101", "a reader is refused beside a writer", on: .machine, needs: [.vgem], expect: "ok EBUSY") {
      context in
      let device = try TestDevice()
      let handle = try device.handle(of: context.buffer())
      return answers(device.attach(handle, isWriting: true), device.attach(handle, isWriting: false))
    },
    .init("C102", "a writer is refused beside readers", on: .machine, needs: [.vgem], expect: "ok ok EBUSY") {
      context in
      let device = try TestDevice()
      let handle = try device.handle(of: context.buffer())
      return answers([false, false, true].map { device.attach(handle, isWriting: $0) })
    },
    .init(
      "C103", "a fence signals by itself after ten seconds", on: .machine, needs: [.vgem],
      expect: "after 10 s, ETIMEDOUT", invasive: true
    ) { context in
      let (buffer, device) = (try context.buffer(), try TestDevice())
      let start = Clock.now
      let fence = try device.fence(on: buffer, isWriting: true)
      _ = Raw.poll(buffer, POLLOUT, milliseconds: 15_000)
      let seconds = (Clock.now - start) / 1_000_000_000
      return "after \(9...12 ~= seconds ? 10 : seconds) s, \(device.signal(fence))"
    },
    .init("C104", "a fence can be signalled once", on: .machine, needs: [.vgem], expect: "ok ENOENT") { context in
      let (buffer, device) = (try context.buffer(), try TestDevice())
      let fence = try device.fence(on: buffer, isWriting: true)
      return answers(device.signal(fence), device.signal(fence))
    },
    .init("C105", "closing the device signals its fences", on: .machine, needs: [.vgem], expect: "0, then 1") {
      context in
      let (buffer, device) = (try context.buffer(), try TestDevice())
      _ = try device.fence(on: buffer, isWriting: true)
      let file = try Raw.exportFences(buffer, 1).orEnd("EXPORT_SYNC_FILE")
      let before = RawSyncFile.status(file)
      close(device.descriptor)
      return "\(before), then \(RawSyncFile.status(file))"
    },
  ]

  /// Exports a handle. Skips the check if the driver does not export its buffers.
  private static func exported(_ context: CheckContext, _ handle: UInt32, flags: UInt32) throws -> CInt {
    try context.export(handle, flags: flags).orEnd("PRIME_HANDLE_TO_FD")
  }

  /// Allocates a buffer that no DRM device exports.
  private static func foreign(_ context: CheckContext) throws -> CInt {
    let open = { (target: ConformanceTarget) -> CInt? in
      if case .drm = target { nil } else { try? CheckContext(on: target).another() }
    }
    if let buffer = CheckContext.first(of: ConformanceTarget.exporters(), open) { return buffer }
    if let buffer = CheckContext.first(of: ConformanceTarget.devices(), open) { return buffer }
    throw CheckSkipped("no other source of buffers")
  }

  private static func imported(_ context: CheckContext) throws -> (CInt, UInt32) {
    let buffer = try foreign(context)
    let answer = try context.importBuffer(buffer)
    // Drivers that do not import buffers of others return one of these.
    if [ENODEV, ENOSYS, EOPNOTSUPP, EINVAL].contains(answer.errno) {
      throw CheckSkipped("the driver imports no buffers of other devices: PRIME_FD_TO_HANDLE: \(answer)")
    }
    guard answer.isDone else { throw StepRefused(call: "PRIME_FD_TO_HANDLE", answer: answer) }
    return (buffer, UInt32(answer.value))
  }
}
