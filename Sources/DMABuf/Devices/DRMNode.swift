// SPDX-License-Identifier: MIT
internal import CLibDRM
import Glibc
import SystemPackage

/// A DRM device through one of its nodes. The open node owns the GEM handles: closing the node ends them.
public struct DRMNode: ~Copyable, Sendable {
  /// The directory of the nodes.
  public static let directory = "/dev/dri"

  package let file: OpenFile
  /// The driver's name, such as `vgem` or `amdgpu`.
  public let driver: UntrustedText
  /// Whether this is a render node. Render nodes create no dumb buffers and drive no displays.
  public let isRender: Bool

  /// Opens a node. A process that opens a primary node while there is no DRM master becomes master, and would keep a
  /// display server from starting. So the initializer drops master at once.
  ///
  /// Corresponds to `open(2)`, `DRM_IOCTL_DROP_MASTER` and `DRM_IOCTL_VERSION`. Throws `EACCES` when this user may not
  /// use the node, and `ENOTTY` when the node is not a DRM node.
  public init(_ path: String) throws(KernelError) {
    try self.init(OpenFile(path, O_RDWR))
  }

  /// Takes ownership of an open node, and drops master, too.
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

  /// Drops DRM master, which the first process to open a primary node becomes. Call this function right after the open,
  /// without any other request: a display server that starts in between is refused. For a process that is not master
  /// the kernel refuses the request, which is harmless.
  ///
  /// Corresponds to `DRM_IOCTL_DROP_MASTER`.
  package static func dropMaster(_ descriptor: CInt) { drmDropMaster(descriptor) }

  /// The node's path.
  public var path: String { file.name }

  /// The descriptor's number, for passing the node to a process that holds the imported buffers.
  public var descriptorNumber: CInt { file.descriptor.rawValue }

  /// Returns the open node's descriptor and transfers its ownership.
  package consuming func takeDescriptor() -> OwnedDescriptor { file.descriptor }

  /// Whether this open file is DRM master now.
  public var isMaster: Bool { drmIsMaster(file.descriptor.rawValue) != 0 }

  /// The paths of all nodes, primary nodes first, each kind sorted by number. The list is empty on a machine without
  /// DRM.
  public static func paths() throws(KernelError) -> [String] {
    try numberedNodes(["card", "renderD"], listedIn: directory, at: directory)
  }

  /// Whether the path is that of a render node.
  package static func isRender(_ path: String) -> Bool { path.hasPrefix(directory + "/renderD") }

  /// The paths of all primary nodes, sorted by number.
  public static func primaryPaths() throws(KernelError) -> [String] { try paths().filter { !isRender($0) } }

  /// The paths of all nodes, primary nodes last, because the user may not be allowed to open them, and they have a DRM
  /// master.
  package static func pathsRenderFirst() throws(KernelError) -> [String] {
    let paths = try paths()
    return paths.filter(isRender) + paths.filter { !isRender($0) }
  }

  /// The primary node of the same device; `nil` when the device has none.
  public var primaryPath: String? {
    guard let name = unsafe drmGetPrimaryDeviceNameFromFd(file.descriptor.rawValue) else { return nil }
    defer { unsafe free(name) }
    return unsafe String(cString: name)
  }

  /// The PRIME capabilities of a device.
  public struct PrimeSupport: Equatable, Sendable {
    /// The device can import buffers of other devices, according to the driver.
    public let imports: Bool
    /// The device can export its buffers.
    public let exports: Bool
  }

  /// The PRIME capabilities that the driver reports. Since Linux 6.6 every driver reports both.
  ///
  /// Corresponds to `DRM_IOCTL_GET_CAP` with `DRM_CAP_PRIME`.
  public func primeSupport() throws(KernelError) -> PrimeSupport {
    let bits = try capability(UInt64(DRM_CAP_PRIME))
    return PrimeSupport(
      imports: bits & UInt64(DRM_PRIME_CAP_IMPORT) != 0, exports: bits & UInt64(DRM_PRIME_CAP_EXPORT) != 0)
  }

  /// Whether framebuffers may have format modifiers. Only drivers with displays know this capability.
  ///
  /// Corresponds to `DRM_IOCTL_GET_CAP` with `DRM_CAP_ADDFB2_MODIFIERS`.
  public var takesModifiers: Bool { (try? capability(UInt64(DRM_CAP_ADDFB2_MODIFIERS))) ?? 0 != 0 }

  func capability(_ number: UInt64) throws(KernelError) -> UInt64 {
    var value: UInt64 = 0
    try call(.DRM_IOCTL_GET_CAP) { unsafe drmGetCap($0, number, &value) }
    return value
  }

  /// Calls a function of libdrm. All these functions leave the kernel's reason in `errno`. `subject` names the object
  /// of the call; it defaults to the node.
  @discardableResult
  package func call(_ name: KernelCall, on subject: String? = nil, _ body: (CInt) -> CInt) throws(KernelError) -> CInt
  {
    let descriptor = file.descriptor.rawValue
    return try Interruption.restarting(name, on: subject ?? file.name) { body(descriptor) }
  }
}
