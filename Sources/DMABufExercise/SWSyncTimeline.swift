// SPDX-License-Identifier: MIT
internal import CDMABuf
public import DMABuf
import Glibc
import SystemPackage

/// A timeline of the kernel's `sw_sync` driver: a counter that starts at 0, and fences that signal when it
/// reaches their value. Closing it ends its fences with `ENOENT`.
public struct SWSyncTimeline: ~Copyable, Sendable {
  /// Each open of this file is a new timeline.
  public static let node = "/sys/kernel/debug/sync/sw_sync"

  let file: OpenFile

  /// Makes a timeline. The kernel names it after the process, which is called `name` for that moment.
  ///
  /// Corresponds to `open(2)`. Throws `ENOENT` on kernels without `CONFIG_SW_SYNC`, `EACCES` for
  /// everyone but root.
  public init(named name: String) throws(KernelError) {
    let before = SmallFile.text(Self.commandName) ?? ""
    Self.setCommandName(name)
    defer { Self.setCommandName(before) }
    file = try OpenFile(Self.node, O_RDWR)
  }

  /// Takes over a timeline that has been made before.
  public init(_ file: consuming OpenFile) { self.file = file }

  /// Hands over the open timeline, for whoever keeps it.
  public consuming func takeDescriptor() -> OwnedDescriptor { file.takeDescriptor() }

  /// A fence that signals when the timeline reaches `value`.
  ///
  /// Corresponds to `SW_SYNC_IOC_CREATE_FENCE`. Taints Linux 7 and later.
  public func makeFence(at value: UInt32) throws(KernelError) -> SyncFile {
    var argument = cdmabuf_sw_sync_create_fence()
    argument.value = value
    try file.ioctl(Request(.SW_SYNC_IOC_CREATE_FENCE, CDMABUF_SW_SYNC_IOC_CREATE_FENCE), &argument)
    return SyncFile(trusting: OpenFile(OwnedDescriptor(owning: argument.fence), name: "fence \(value) of sw_sync"))
  }

  /// Advances the timeline.
  ///
  /// Corresponds to `SW_SYNC_IOC_INC`.
  public func advance(by steps: UInt32) throws(KernelError) {
    var steps = steps
    try file.ioctl(Request(.SW_SYNC_IOC_INC, CDMABUF_SW_SYNC_IOC_INC), &steps)
  }

  /// Where the timeline is, from 0 to ``furthestValue``. The kernel has no word for it: fences are made to find
  /// the last value that has been reached.
  public func value() throws(KernelError) -> UInt32 {
    var reached: UInt32 = 0
    var step: UInt32 = 1 << 30
    while step > 0 {
      if try makeFence(at: reached + step).information().status != .active { reached += step }
      step >>= 1
    }
    return reached
  }

  /// The highest value a fence can wait for on a timeline that starts at 0: what is further is taken for
  /// the past.
  public static let furthestValue = UInt32(Int32.max)

  /// Does making a fence taint this kernel?
  public static var taintsKernel: Bool { taints(release: SmallFile.text("/proc/sys/kernel/osrelease") ?? "") }

  static func taints(release: String) -> Bool {
    release.split(scalar: ".").first.flatMap { Int($0) }.map { $0 >= 7 } ?? false
  }

  private static let commandName = "/proc/self/comm"

  private static func setCommandName(_ name: String) {
    try? OpenFile(commandName, O_WRONLY).write(name.utf8.prefix(15))
  }
}
