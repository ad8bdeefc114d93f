// SPDX-License-Identifier: MIT
internal import CLibDRM
import DMABuf
import Glibc
import SystemPackage

/// Changes of properties that the kernel makes together, or refuses together.
@safe struct AtomicRequest: ~Copyable {
  private let request: drmModeAtomicReqPtr
  private let path: String

  init(on node: borrowing DRMNode) throws(KernelError) {
    guard let request = unsafe drmModeAtomicAlloc() else {
      throw KernelError(.DRM_IOCTL_MODE_ATOMIC, on: node.path, errno: .noMemory)
    }
    unsafe self.request = request
    path = node.path
  }

  deinit { unsafe drmModeAtomicFree(request) }

  /// Adds a change. A property that the object does not have is refused, as the kernel refuses an unknown one.
  func set(_ name: String, _ value: UInt64, of object: UInt32, _ properties: ObjectProperties) throws(KernelError) {
    guard let property = properties[name], unsafe drmModeAtomicAddProperty(request, object, property.id, value) >= 0
    else { throw KernelError(.DRM_IOCTL_MODE_ATOMIC, on: "\(path): \(name)", errno: .noSuchFileOrDirectory) }
  }

  func commit(_ flags: Int, on node: borrowing DRMNode) throws(KernelError) {
    try node.call(.DRM_IOCTL_MODE_ATOMIC) { unsafe drmModeAtomicCommit($0, request, UInt32(flags), nil) }
  }
}

/// Data that a property names by an id. The kernel frees the data with the last state that uses it.
struct PropertyBlob: ~Copyable {
  let id: UInt32
  private let descriptor: CInt

  init(_ bytes: [UInt8], on node: borrowing DRMNode) throws(KernelError) {
    var id: UInt32 = 0
    try node.call(.DRM_IOCTL_MODE_CREATEPROPBLOB) {
      unsafe drmModeCreatePropertyBlob($0, bytes, bytes.count, &id)
    }
    self.id = id
    descriptor = node.descriptorNumber
  }

  deinit { drmModeDestroyPropertyBlob(descriptor, id) }

  /// The data of an existing blob.
  static func bytes(of id: UInt32, on node: borrowing DRMNode) throws(KernelError) -> [UInt8] {
    guard let blob = unsafe drmModeGetPropertyBlob(node.descriptorNumber, id) else {
      throw KernelError(.DRM_IOCTL_MODE_GETPROPBLOB, on: node.path)
    }
    defer { unsafe drmModeFreePropertyBlob(blob) }
    return unsafe Array(UnsafeRawBufferPointer(start: blob.pointee.data, count: Int(blob.pointee.length)))
  }
}
