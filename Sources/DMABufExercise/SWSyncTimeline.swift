// SPDX-License-Identifier: MIT
internal import CDMABuf
public import DMABuf
import Glibc
import SystemPackage

/// A timeline of the kernel's `sw_sync` driver: a counter that starts at 0, and fences that signal when the counter
/// reaches their value. Closing the timeline fails its pending fences with `ENOENT`.
public struct SWSyncTimeline: ~Copyable, Sendable {
  /// Each open of this file creates a new timeline.
  public static let node = "/sys/kernel/debug/sync/sw_sync"

  let file: OpenFile

  /// Creates a timeline. The kernel names the timeline after the process, so the process is renamed to `name`
  /// meanwhile.
  ///
  /// Corresponds to `open(2)`. Throws `ENOENT` on kernels without `CONFIG_SW_SYNC`, `EACCES` for all users except root.
  public init(named name: String) throws(KernelError) {
    let before = SmallFile.text(Self.commandName) ?? ""
    Self.setCommandName(name)
    defer { Self.setCommandName(before) }
    file = try OpenFile(Self.node, O_RDWR)
  }

  /// Takes ownership of an existing timeline.
  public init(_ file: consuming OpenFile) { self.file = file }

  /// Returns the open timeline's descriptor and transfers its ownership.
  public consuming func takeDescriptor() -> OwnedDescriptor { file.takeDescriptor() }

  /// Creates a fence that signals when the timeline reaches `value`.
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

  /// The value of the timeline, from 0 to ``furthestValue``. The kernel cannot report it, so test fences are created to
  /// find the last value that was reached.
  public func value() throws(KernelError) -> UInt32 {
    var reached: UInt32 = 0
    var step: UInt32 = 1 << 30
    while step > 0 {
      if try makeFence(at: reached + step).information().status != .active { reached += step }
      step >>= 1
    }
    return reached
  }

  /// The highest value that a fence can wait for on a timeline that starts at 0. The kernel treats higher values as
  /// past.
  public static let furthestValue = UInt32(Int32.max)

  /// Whether creating a fence taints this kernel.
  public static var taintsKernel: Bool { taints(release: SmallFile.text("/proc/sys/kernel/osrelease") ?? "") }

  static func taints(release: String) -> Bool {
    release.split(scalar: ".").first.flatMap { Int($0) }.map { $0 >= 7 } ?? false
  }

  private static let commandName = "/proc/self/comm"

  private static func setCommandName(_ name: String) {
    try? OpenFile(commandName, O_WRONLY).write(name.utf8.prefix(15))
  }
}
