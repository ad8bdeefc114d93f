// SPDX-License-Identifier: MIT
internal import CLibDRM
import DMABuf
import Glibc

/// The properties of a connector, CRTC or plane, by name.
struct ObjectProperties {
  struct Property {
    let id: UInt32
    let value: UInt64
  }

  /// The kinds of objects that have properties (`DRM_MODE_OBJECT_*`).
  enum Kind {
    case connector, crtc, plane

    fileprivate var number: UInt32 {
      switch self {
      case .connector: UInt32(DRM_MODE_OBJECT_CONNECTOR)
      case .crtc: UInt32(DRM_MODE_OBJECT_CRTC)
      case .plane: UInt32(DRM_MODE_OBJECT_PLANE)
      }
    }
  }

  private var properties: [String: Property] = [:]

  /// Reads the properties. Those of atomic drivers are listed after `DRM_CLIENT_CAP_ATOMIC` alone.
  init(of object: UInt32, _ kind: Kind, on node: borrowing DRMNode) throws(KernelError) {
    let descriptor = node.descriptorNumber
    guard let list = unsafe drmModeObjectGetProperties(descriptor, object, kind.number) else {
      throw KernelError(.DRM_IOCTL_MODE_OBJ_GETPROPERTIES, on: node.path)
    }
    defer { unsafe drmModeFreeObjectProperties(list) }
    for index in unsafe 0..<Int(list.pointee.count_props) {
      let id = unsafe list.pointee.props[index]
      guard let property = unsafe drmModeGetProperty(descriptor, id) else { continue }
      defer { unsafe drmModeFreeProperty(property) }
      let name = UntrustedText(terminated: unsafe property.pointee.name).string
      properties[name] = Property(id: id, value: unsafe list.pointee.prop_values[index])
    }
  }

  subscript(name: String) -> Property? { properties[name] }

  /// The value of a property whose kernel type is `S32` or a signed range.
  func signed(_ name: String) -> Int? { properties[name].map { Int(Int64(bitPattern: $0.value)) } }
}
