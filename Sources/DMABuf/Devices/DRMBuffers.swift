// SPDX-License-Identifier: MIT
internal import CLibDRM
import Glibc
import SystemPackage

/// A dumb buffer of a DRM device, exported: memory that the CPU can map, and that displays can show.
public struct DumbBuffer: ~Copyable, Sendable {
  /// The dma-buf, which keeps the memory.
  public let buffer: DMABuffer
  /// Bytes from one line to the next, as the driver chose.
  public let stride: Int

  /// The buffer alone.
  public consuming func releaseBuffer() -> DMABuffer { buffer }
}

extension DRMNode {
  /// Makes a dumb buffer of `width` × `height` pixels and exports it. With `readOnly` the CPU can
  /// only read through the descriptor: the first export of a buffer fixes that for all later ones.
  ///
  /// Corresponds to `DRM_IOCTL_MODE_CREATE_DUMB` and `DRM_IOCTL_PRIME_HANDLE_TO_FD`. Throws `EACCES`
  /// on render nodes, `ENOSYS` when the driver has no dumb buffers, `ENOMEM` or `ENOSPC` without
  /// memory.
  public func makeDumbBuffer(
    width: Int, height: Int, bitsPerPixel: Int, readOnly: Bool = false
  ) throws -> DumbBuffer {
    var stride = 0
    let descriptor = try makeDumbDescriptor(
      width: width, height: height, bitsPerPixel: bitsPerPixel, readOnly: readOnly, stride: &stride)
    return DumbBuffer(buffer: try DMABuffer(OpenFile(descriptor, name: path)), stride: stride)
  }

  /// The same by its calls alone, without a look at what came of them.
  package func makeDumbDescriptor(
    width: Int, height: Int, bitsPerPixel: Int, readOnly: Bool = false, stride: inout Int
  ) throws(KernelError) -> OwnedDescriptor {
    var handle: UInt32 = 0
    var pitch: UInt32 = 0
    var size: UInt64 = 0
    // What cannot be such a number, the kernel refuses as it refuses zero.
    let (width, height) = (UInt32(exactly: width) ?? 0, UInt32(exactly: height) ?? 0)
    try call(.DRM_IOCTL_MODE_CREATE_DUMB) {
      unsafe drmModeCreateDumbBuffer($0, width, height, UInt32(bitsPerPixel), 0, &handle, &pitch, &size)
    }
    stride = Int(pitch)
    // The dma-buf keeps the memory; the handle is not needed once there is one.
    defer { close(handle) }
    return try exportDescriptor(handle, readOnly: readOnly)
  }

  /// Can this node make dumb buffers? Found by making the smallest one: `DRM_CAP_DUMB_BUFFER` is
  /// not known to drivers without displays, some of which can.
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

  /// Gives a buffer to the device, which calls it by a handle from then on. The same buffer has the
  /// same handle each time, and one ``close(_:)`` ends it.
  ///
  /// Corresponds to `DRM_IOCTL_PRIME_FD_TO_HANDLE`. Throws `EINVAL` when the driver cannot use
  /// buffers of others, and the exporter's reason when that refuses the device.
  public func importBuffer(_ buffer: borrowing DMABuffer) throws(KernelError) -> UInt32 {
    var prime = drm_prime_handle(handle: 0, flags: 0, fd: buffer.descriptorNumber)
    try file.ioctl(
      Request(.DRM_IOCTL_PRIME_FD_TO_HANDLE, CLIBDRM_IOCTL_PRIME_FD_TO_HANDLE), &prime, retryingAgain: true)
    return prime.handle
  }

  /// A dma-buf of the memory that `handle` stands for: for what was imported, the one it came from.
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

  /// Ends a handle. It was given out once however often the buffer was imported: once only.
  ///
  /// Corresponds to `DRM_IOCTL_GEM_CLOSE`.
  public func close(_ handle: UInt32) {
    var argument = drm_gem_close(handle: handle, pad: 0)
    try? file.ioctlToTheEnd(Request(.DRM_IOCTL_GEM_CLOSE, CLIBDRM_IOCTL_GEM_CLOSE), &argument)
  }
}
