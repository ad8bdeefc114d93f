// SPDX-License-Identifier: MIT
internal import CDMABuf
public import DMABuf
import Glibc
import SystemPackage

/// The fences of the kernel's virtual device `vgem`. The device attaches a fence to any buffer that it can import. The
/// fence signals on request, when the device is closed, or after ten seconds.
public struct VGEM: ~Copyable, Sendable {
  private let node: DRMNode

  /// Opens vgem's render node.
  ///
  /// Throws ``NoDriver`` when no node belongs to vgem, and the error of a node that could not be opened but may belong
  /// to vgem.
  public init() throws {
    var refusal: KernelError?
    for path in try DRMNode.paths() where DRMNode.isRender(path) {
      do throws(KernelError) {
        let node = try DRMNode(path)
        if node.driver == UntrustedText("vgem".utf8) {
          self.node = node
          return
        }
      } catch {
        refusal = error
      }
    }
    if let refusal { throw refusal }
    throw NoDriver(name: "vgem")
  }

  /// Takes ownership of an open node.
  public init(_ file: consuming OpenFile) throws(KernelError) { node = try DRMNode(file) }

  /// Returns the open node's descriptor and transfers its ownership.
  public consuming func takeDescriptor() -> OwnedDescriptor { node.takeDescriptor() }

  /// Attaches a fence to a buffer, as if vgem read or wrote the buffer. The import of the buffer is released again.
  ///
  /// Corresponds to `DRM_IOCTL_VGEM_FENCE_ATTACH`. Throws `EBUSY` when the new fence would have to wait for pending
  /// ones, and the exporter's errno when vgem cannot import the buffer.
  ///
  /// - Returns: the number for ``signal(_:)``.
  public func attachFence(to buffer: borrowing DMABuffer, for direction: AccessDirection) throws(KernelError)
    -> UInt32
  {
    let handle = try node.importBuffer(buffer)
    defer { node.close(handle) }
    var attach = cdmabuf_vgem_fence_attach(
      handle: handle, flags: direction.contains(.write) ? 1 : 0, out_fence: 0, pad: 0)
    try node.file.ioctl(Request(.DRM_IOCTL_VGEM_FENCE_ATTACH, CDMABUF_DRM_IOCTL_VGEM_FENCE_ATTACH), &attach)
    return attach.out_fence
  }

  /// Signals a fence.
  ///
  /// Corresponds to `DRM_IOCTL_VGEM_FENCE_SIGNAL`. Throws `ENOENT` when the fence does not exist any more, and
  /// `ETIMEDOUT` when the fence had timed out after ten seconds.
  public func signal(_ fence: UInt32) throws(KernelError) {
    var argument = cdmabuf_vgem_fence_signal(fence: fence, flags: 0)
    try node.file.ioctl(Request(.DRM_IOCTL_VGEM_FENCE_SIGNAL, CDMABUF_DRM_IOCTL_VGEM_FENCE_SIGNAL), &argument)
  }
}
