// SPDX-License-Identifier: MIT
internal import CLibDRM
import Glibc
import SystemPackage

/// A DRM device through one of its nodes. The open node is what owns GEM handles: they end with it.
public struct DRMNode: ~Copyable, Sendable {
  /// Where the nodes are.
  public static let directory = "/dev/dri"

  package let file: OpenFile
  /// The driver's name, such as `vgem` or `amdgpu`.
  public let driver: UntrustedText
  /// Is it a render node? Those make no dumb buffers and drive no displays.
  public let isRender: Bool

  /// Opens a node. Whoever opens a primary node while nobody is DRM master becomes it, and would keep
  /// a display server from starting: that is undone at once.
  ///
  /// Corresponds to `open(2)`, `DRM_IOCTL_DROP_MASTER` and `DRM_IOCTL_VERSION`. Throws `EACCES` when
  /// this user may not use the node, and `ENOTTY` when it is none of DRM.
  public init(_ path: String) throws(KernelError) {
    try self.init(OpenFile(path, O_RDWR))
  }

  /// Takes over an open node, likewise.
  package init(_ file: consuming OpenFile) throws(KernelError) {
    let descriptor = file.descriptor.rawValue
    Self.dropMaster(descriptor)
    let isRender = drmGetNodeTypeFromFd(descriptor) == DRM_NODE_RENDER
    guard let version = unsafe drmGetVersion(descriptor) else {
      throw KernelError(.DRM_IOCTL_VERSION, on: file.name)
    }
    defer { unsafe drmFreeVersion(version) }
    let name = unsafe UnsafeRawBufferPointer(start: version.pointee.name, count: Int(version.pointee.name_len))
    driver = unsafe UntrustedText(name)
    self.isRender = isRender
    self.file = file
  }

  /// Ends being DRM master, which opening a primary node makes of whoever is first. Nothing may run between the
  /// two, questions included: a display server that starts meanwhile is refused. Others are refused harmlessly.
  ///
  /// Corresponds to `DRM_IOCTL_DROP_MASTER`.
  package static func dropMaster(_ descriptor: CInt) { drmDropMaster(descriptor) }

  /// The node's path.
  public var path: String { file.name }

  /// The descriptor's number, for handing it to whoever keeps what was imported.
  public var descriptorNumber: CInt { file.descriptor.rawValue }

  /// Hands over the open node, for whoever keeps it.
  package consuming func takeDescriptor() -> OwnedDescriptor { file.descriptor }

  /// Is this open file DRM master now?
  public var isMaster: Bool { drmIsMaster(file.descriptor.rawValue) != 0 }

  /// The paths of all nodes, primary ones first, each kind by number; none on a machine without DRM.
  public static func paths() throws(KernelError) -> [String] {
    try numberedNodes(["card", "renderD"], listedIn: directory, at: directory)
  }

  /// Is this the path of a render node?
  package static func isRender(_ path: String) -> Bool { path.hasPrefix(directory + "/renderD") }

  /// The paths of all primary nodes, by number.
  public static func primaryPaths() throws(KernelError) -> [String] { try paths().filter { !isRender($0) } }

  /// All nodes, those of the primary kind last: they may be refused, and have a master.
  package static func pathsRenderFirst() throws(KernelError) -> [String] {
    let paths = try paths()
    return paths.filter(isRender) + paths.filter { !isRender($0) }
  }

  /// The primary node of the same device; `nil` when there is none.
  public var primaryPath: String? {
    guard let name = unsafe drmGetPrimaryDeviceNameFromFd(file.descriptor.rawValue) else { return nil }
    defer { unsafe free(name) }
    return unsafe String(cString: name)
  }

  /// What PRIME can do here.
  public struct PrimeSupport: Equatable, Sendable {
    /// Buffers of other devices can be given to this one, as far as the driver says.
    public let imports: Bool
    /// Buffers of this device can be given to others.
    public let exports: Bool
  }

  /// What the driver says of PRIME. Since Linux 6.6 all say that they do both.
  ///
  /// Corresponds to `DRM_IOCTL_GET_CAP` with `DRM_CAP_PRIME`.
  public func primeSupport() throws(KernelError) -> PrimeSupport {
    let bits = try capability(UInt64(DRM_CAP_PRIME))
    return PrimeSupport(
      imports: bits & UInt64(DRM_PRIME_CAP_IMPORT) != 0, exports: bits & UInt64(DRM_PRIME_CAP_EXPORT) != 0)
  }

  /// May framebuffers have format modifiers? Only displays know that capability.
  ///
  /// Corresponds to `DRM_IOCTL_GET_CAP` with `DRM_CAP_ADDFB2_MODIFIERS`.
  public var takesModifiers: Bool { (try? capability(UInt64(DRM_CAP_ADDFB2_MODIFIERS))) ?? 0 != 0 }

  func capability(_ number: UInt64) throws(KernelError) -> UInt64 {
    var value: UInt64 = 0
    try call(.DRM_IOCTL_GET_CAP) { unsafe drmGetCap($0, number, &value) }
    return value
  }

  /// Calls a function of libdrm, all of which leave the kernel's reason in `errno`. `subject` is what the
  /// call is made on, unless that is the node.
  @discardableResult
  package func call(_ name: KernelCall, on subject: String? = nil, _ body: (CInt) -> CInt) throws(KernelError) -> CInt
  {
    let descriptor = file.descriptor.rawValue
    return try Interruption.restarting(name, on: subject ?? file.name) { body(descriptor) }
  }
}
