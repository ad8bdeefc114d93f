// SPDX-License-Identifier: MIT
internal import CLibDRM
import Glibc
import SystemPackage

/// An exported dumb buffer of a DRM device: memory that the CPU can map and that displays can show.
public struct DumbBuffer: ~Copyable, Sendable {
  /// The dma-buf, which references the memory.
  public let buffer: DMABuffer
  /// Bytes from one line to the next, as the driver chose.
  public let stride: Int

  /// Returns the buffer alone.
  public consuming func releaseBuffer() -> DMABuffer { buffer }
}

extension DRMNode {
  /// Creates a dumb buffer of `width` × `height` pixels and exports it. With `readOnly` the CPU can only read through
  /// the descriptor. The first export of a buffer sets this mode for all later ones.
  ///
  /// Corresponds to `DRM_IOCTL_MODE_CREATE_DUMB` and `DRM_IOCTL_PRIME_HANDLE_TO_FD`. Throws `EACCES` on render nodes,
  /// `ENOSYS` when the driver does not support dumb buffers, `ENOMEM` or `ENOSPC` without memory.
  public func makeDumbBuffer(
    width: Int, height: Int, bitsPerPixel: Int, readOnly: Bool = false
  ) throws -> DumbBuffer {
    var stride = 0
    let descriptor = try makeDumbDescriptor(
      width: width, height: height, bitsPerPixel: bitsPerPixel, readOnly: readOnly, stride: &stride)
    return DumbBuffer(buffer: try DMABuffer(OpenFile(descriptor, name: path)), stride: stride)
  }

  /// Creates and exports a dumb buffer with the necessary calls alone, without checking the resulting descriptor.
  package func makeDumbDescriptor(
    width: Int, height: Int, bitsPerPixel: Int, readOnly: Bool = false, stride: inout Int
  ) throws(KernelError) -> OwnedDescriptor {
    var handle: UInt32 = 0
    var pitch: UInt32 = 0
    var size: UInt64 = 0
    // The kernel refuses zero. A number that does not fit into 32 bits becomes zero, so the kernel refuses it, too.
    let (width, height) = (UInt32(exactly: width) ?? 0, UInt32(exactly: height) ?? 0)
    try call(.DRM_IOCTL_MODE_CREATE_DUMB) {
      unsafe drmModeCreateDumbBuffer($0, width, height, UInt32(bitsPerPixel), 0, &handle, &pitch, &size)
    }
    stride = Int(pitch)
    // The dma-buf references the memory, so the handle can be closed after the export.
    defer { close(handle) }
    return try exportDescriptor(handle, readOnly: readOnly)
  }

  /// Whether this node can create dumb buffers. The function probes by creating the smallest one, because drivers
  /// without displays do not know `DRM_CAP_DUMB_BUFFER` and some of them can create dumb buffers.
  public var makesDumbBuffers: Bool {
    guard !isRender else { return false }
    var handle: UInt32 = 0
    var stride: UInt32 = 0
    var size: UInt64 = 0
    do throws(KernelError) {
      try call(.DRM_IOCTL_MODE_CREATE_DUMB) {
        unsafe drmModeCreateDumbBuffer($0, 1, 1, 32, 0, &handle, &stride, &size)
      }
      close(handle)
      return true
    } catch {
      return false
    }
  }

  /// Imports a buffer into the device and returns its GEM handle. Every import of the same buffer returns the same
  /// handle, and one ``close(_:)`` ends it.
  ///
  /// Corresponds to `DRM_IOCTL_PRIME_FD_TO_HANDLE`. Throws `EINVAL` when the driver cannot use buffers of other
  /// devices, and the exporter's errno when the exporter refuses the device.
  public func importBuffer(_ buffer: borrowing DMABuffer) throws(KernelError) -> UInt32 {
    var prime = drm_prime_handle(handle: 0, flags: 0, fd: buffer.descriptorNumber)
    try file.ioctl(
      Request(.DRM_IOCTL_PRIME_FD_TO_HANDLE, CLIBDRM_IOCTL_PRIME_FD_TO_HANDLE), &prime, retryingAgain: true)
    return prime.handle
  }

  /// Exports the memory of a handle as a dma-buf. For an imported handle this is the dma-buf that was imported.
  ///
  /// Corresponds to `DRM_IOCTL_PRIME_HANDLE_TO_FD`. Throws `ENOENT` for an unknown handle.
  public func export(_ handle: UInt32, readOnly: Bool = false) throws -> DMABuffer {
    try DMABuffer(OpenFile(exportDescriptor(handle, readOnly: readOnly), name: path))
  }

  private func exportDescriptor(_ handle: UInt32, readOnly: Bool) throws(KernelError) -> OwnedDescriptor {
    var number: CInt = -1
    let flags = UInt32(O_CLOEXEC | (readOnly ? O_RDONLY : O_RDWR))
    try call(.DRM_IOCTL_PRIME_HANDLE_TO_FD) { unsafe drmPrimeHandleToFD($0, handle, flags, &number) }
    return OwnedDescriptor(owning: number)
  }

  /// Closes a handle. All imports of a buffer share one handle, so close it only once.
  ///
  /// Corresponds to `DRM_IOCTL_GEM_CLOSE`.
  public func close(_ handle: UInt32) {
    var argument = drm_gem_close(handle: handle, pad: 0)
    try? file.ioctlToTheEnd(Request(.DRM_IOCTL_GEM_CLOSE, CLIBDRM_IOCTL_GEM_CLOSE), &argument)
  }
}
