// SPDX-License-Identifier: MIT
internal import CDMABuf
public import DMABuf
import Glibc
import SystemPackage

/// The kernel's virtual device `vgem`, as far as it makes fences: it can attach one to any buffer that it can
/// import, and signals it when told to, when it is closed, or after ten seconds.
public struct VGEM: ~Copyable, Sendable {
  private let node: DRMNode

  /// Opens vgem's render node.
  ///
  /// Throws ``NoDriver`` when no node is vgem's, and a node's refusal when it may be the one.
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

  /// Takes over an open node.
  public init(_ file: consuming OpenFile) throws(KernelError) { node = try DRMNode(file) }

  /// Hands over the open node, for whoever keeps it.
  public consuming func takeDescriptor() -> OwnedDescriptor { node.takeDescriptor() }

  /// Attaches a fence to a buffer, as if vgem read it or wrote to it, and lets go of the buffer again.
  ///
  /// Corresponds to `DRM_IOCTL_VGEM_FENCE_ATTACH`. Throws `EBUSY` when fences are pending that this one would
  /// have to wait for, and the exporter's reason when vgem cannot import the buffer.
  ///
  /// - Returns: the number that ``signal(_:)`` takes.
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
  /// Corresponds to `DRM_IOCTL_VGEM_FENCE_SIGNAL`. Throws `ENOENT` when there is no such fence any more, and
  /// `ETIMEDOUT` when its ten seconds were over first.
  public func signal(_ fence: UInt32) throws(KernelError) {
    var argument = cdmabuf_vgem_fence_signal(fence: fence, flags: 0)
    try node.file.ioctl(Request(.DRM_IOCTL_VGEM_FENCE_SIGNAL, CDMABUF_DRM_IOCTL_VGEM_FENCE_SIGNAL), &argument)
  }
}
