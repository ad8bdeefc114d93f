// SPDX-License-Identifier: MIT
internal import CDMABuf
import Glibc
import SystemPackage

/// The two subsystems whose devices export and import dma-bufs here.
public enum DeviceSubsystem: String, Sendable {
  /// GPUs and displays.
  case drm
  /// Cameras, codecs and similar devices.
  case v4l2

  /// The subsystem of a node, by its device number; `nil` for any other file.
  ///
  /// Corresponds to `stat(2)`, following links such as those in `/dev/v4l/by-id`.
  public static func of(_ path: String) throws(KernelError) -> DeviceSubsystem? {
    var status = stat()
    // Report the failure as that of open(2), which would fail for the same reason.
    guard unsafe path.withSystemBytes({ unsafe stat($0, &status) }) == 0 else { throw KernelError(.open, on: path) }
    guard status.st_mode & S_IFMT == S_IFCHR else { return nil }
    // Documentation/admin-guide/devices.txt lists both numbers.
    return switch cdmabuf_device(status.st_rdev) >> 32 {
    case 226: .drm
    case 81: .v4l2
    default: nil
    }
  }
}

/// An error: no device has the name. Lists the drivers of the devices that exist.
public struct NoSuchDevice: Error, Equatable, Sendable {
  /// The name that the user typed.
  public let subject: String
  /// The drivers of the existing devices.
  public let drivers: [UntrustedText]
}

/// An error: no DRM device has the driver.
public struct NoDriver: Error, Equatable, Sendable, CustomStringConvertible {
  /// The driver's name.
  public let name: String

  package init(name: String) { self.name = name }

  /// The same text as the error of a node without a device.
  public var description: String { "\(DRMNode.directory): open: \(Errno.operationNotSupportedByDevice)" }
}

/// A device's node, and the name by which it was found.
public struct FoundNode: Hashable, Sendable {
  /// The node's path.
  public let path: String
  /// The driver that the user named; `nil` when the user named a node.
  package let driver: UntrustedText?
  /// The name that the user typed.
  package let subject: String

  /// Creates a node from its path.
  public init(_ path: String) { self.init(path: path, driver: nil, subject: path) }

  package init(path: String, driver: UntrustedText?, subject: String) {
    self.path = path
    self.driver = driver
    self.subject = subject
  }

  /// Checks the driver again: between search and use the path may have become another device's.
  fileprivate func require(_ actual: UntrustedText) throws(NoSuchDevice) {
    guard let driver, driver != actual else { return }
    throw NoSuchDevice(subject: subject, drivers: [actual])
  }
}

extension DRMNode {
  /// Finds a device's node by its driver, by the node's name in `/dev/dri`, or by its path. Render nodes are preferred,
  /// because opening them makes no process DRM master, unless `primary` is set.
  ///
  /// Throws ``NoSuchDevice``, or the error of the only nodes that could have matched.
  public static func find(_ name: String, primary: Bool) throws -> FoundNode {
    if name.hasSlash { return FoundNode(name) }
    let paths = try paths()
    if paths.contains("\(directory)/\(name)") { return FoundNode("\(directory)/\(name)") }
    let cards = paths.filter { $0.hasPrefix(directory + "/card") }
    let renders = paths.filter { !cards.contains($0) }
    return try search(primary ? cards : renders + cards, for: name, subject: "drm:\(name)") {
      path throws(KernelError) in
      (try DRMNode(path).driver, nil)
    }
  }

  /// Opens a node that was found. Throws ``NoSuchDevice`` when the node belongs to another driver by now.
  public init(_ found: FoundNode) throws {
    let node = try DRMNode(found.path)
    try found.require(node.driver)
    self = node
  }
}

extension V4L2Node {
  /// Finds a device's first node by its driver, by the node's name in `/sys/class/video4linux/*/name`, or by its path.
  ///
  /// Throws ``NoSuchDevice``, or the error of the only nodes that could have matched.
  public static func find(_ name: String) throws -> FoundNode {
    if name.hasSlash { return FoundNode(name) }
    let paths = try paths()
    if paths.contains("/dev/\(name)") { return FoundNode("/dev/\(name)") }
    return try search(paths, for: name, subject: "v4l2:\(name)") { path throws(KernelError) in
      (try V4L2Node(path).driver, label(of: path))
    }
  }

  private static func label(of path: String) -> UntrustedText? {
    SmallFile.text("\(directory)/\(path.dropFirst("/dev/".count))/name").map { UntrustedText($0.utf8) }
  }

  /// Opens a node that was found. Throws ``NoSuchDevice`` when the node belongs to another driver by now.
  public init(_ found: FoundNode) throws {
    let node = try V4L2Node(found.path)
    try found.require(node.driver)
    self = node
  }
}

/// The paths of the nodes in `folder` whose names are one of `kinds` and a number, sorted by kind and number. The
/// result is empty when the directory `list` does not exist.
func numberedNodes(
  _ kinds: [String], listedIn list: String, at folder: String
) throws(KernelError) -> [String] {
  do throws(KernelError) {
    let names = try Directory(list).names()
    return kinds.flatMap { kind in
      names.compactMap { $0.hasPrefix(kind) ? Int($0.dropFirst(kind.count)) : nil }.sorted()
        .map { "\(folder)/\(kind)\($0)" }
    }
  } catch {
    if error.errno == .noSuchFileOrDirectory { return [] }
    throw error
  }
}

private func search(
  _ paths: [String], for name: String, subject: String,
  names: (String) throws(KernelError) -> (driver: UntrustedText, label: UntrustedText?)
) throws -> FoundNode {
  var found: [UntrustedText] = []
  var refusal: KernelError?
  for path in paths {
    do throws(KernelError) {
      let (driver, label) = try names(path)
      if driver.string == name || label?.string == name {
        return FoundNode(path: path, driver: driver, subject: subject)
      }
      found.append(driver)
    } catch {
      refusal = refusal ?? error
    }
  }
  if let refusal { throw refusal }
  throw NoSuchDevice(subject: subject, drivers: Array(Set(found)).sorted { $0.string < $1.string })
}
