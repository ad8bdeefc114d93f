internal import CDMABuf
import Glibc
import SystemPackage

/// The kernel's virtual device `vgem`, as far as it makes fences: it can attach one to any buffer that it can
/// import, and signals it when told to, when it is closed, or after ten seconds.
public struct VGEM: ~Copyable, Sendable {
  let file: OpenFile

  /// Opens vgem's render node.
  ///
  /// Throws `ENODEV` on `/dev/dri` when no node is vgem's, and a node's refusal when it may be the one.
  public init() throws(KernelError) {
    let directory = "/dev/dri"
    var refusal: KernelError?
    let names = (try? Directory(directory).names()) ?? []
    for name in names.filter({ $0.hasPrefix("renderD") }).sorted() {
      do throws(KernelError) {
        let file = try OpenFile("\(directory)/\(name)", O_RDWR)
        if try Self.driver(of: file) == UntrustedText("vgem".utf8) {
          self.file = file
          return
        }
      } catch {
        refusal = error
      }
    }
    throw refusal ?? KernelError("open", on: directory, errno: .operationNotSupportedByDevice)
  }

  /// Takes over an open node.
  public init(_ file: consuming OpenFile) { self.file = file }

  /// Hands over the open node, for whoever keeps it.
  public consuming func takeDescriptor() -> OwnedDescriptor { file.descriptor }

  private static func driver(of file: borrowing OpenFile) throws(KernelError) -> UntrustedText {
    let buffer = UnsafeMutableBufferPointer<CChar>.allocate(capacity: 32)
    defer { unsafe buffer.deallocate() }
    var version = unsafe cdmabuf_drm_version()
    unsafe version.name_length = buffer.count
    unsafe version.name = buffer.baseAddress
    let request = unsafe Request<cdmabuf_drm_version>("DRM_IOCTL_VERSION", CDMABUF_DRM_IOCTL_VERSION)
    unsafe try file.ioctl(request, &version)
    // The length is the name's own, however much of it fits.
    return unsafe UntrustedText(buffer.prefix(version.name_length).map { UInt8(bitPattern: $0) })
  }

  /// Attaches a fence to a buffer, as if vgem read it or wrote to it, and lets go of the buffer again.
  ///
  /// Corresponds to `DRM_IOCTL_VGEM_FENCE_ATTACH`. Throws `EBUSY` when fences are pending that this one would
  /// have to wait for, and the exporter's reason when vgem cannot import the buffer.
  ///
  /// - Returns: the number that ``signal(_:)`` takes.
  public func attachFence(to buffer: borrowing DMABuffer, for direction: AccessDirection) throws(KernelError)
    -> UInt32
  {
    var prime = cdmabuf_prime_handle(handle: 0, flags: 0, fd: buffer.descriptorNumber)
    try file.ioctl(Request("DRM_IOCTL_PRIME_FD_TO_HANDLE", CDMABUF_DRM_IOCTL_PRIME_FD_TO_HANDLE), &prime)
    defer {
      var handle = cdmabuf_gem_close(handle: prime.handle, pad: 0)
      _ = try? file.ioctl(Request("DRM_IOCTL_GEM_CLOSE", CDMABUF_DRM_IOCTL_GEM_CLOSE), &handle)
    }
    var attach = cdmabuf_vgem_fence_attach(
      handle: prime.handle, flags: direction.contains(.write) ? 1 : 0, out_fence: 0, pad: 0)
    try file.ioctl(Request("DRM_IOCTL_VGEM_FENCE_ATTACH", CDMABUF_DRM_IOCTL_VGEM_FENCE_ATTACH), &attach)
    return attach.out_fence
  }

  /// Signals a fence.
  ///
  /// Corresponds to `DRM_IOCTL_VGEM_FENCE_SIGNAL`. Throws `ENOENT` when there is no such fence any more, and
  /// `ETIMEDOUT` when its ten seconds were over first.
  public func signal(_ fence: UInt32) throws(KernelError) {
    var argument = cdmabuf_vgem_fence_signal(fence: fence, flags: 0)
    try file.ioctl(Request("DRM_IOCTL_VGEM_FENCE_SIGNAL", CDMABUF_DRM_IOCTL_VGEM_FENCE_SIGNAL), &argument)
  }
}
