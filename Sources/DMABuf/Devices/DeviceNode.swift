// SPDX-License-Identifier: MIT
internal import CDMABuf
import Glibc
import SystemPackage

/// The two kinds of devices that make and take dma-bufs here.
public enum DeviceSubsystem: String, Sendable {
  /// GPUs and displays.
  case drm
  /// Cameras, codecs and their like.
  case v4l2

  /// Which of them a node belongs to, by its device number; `nil` for anything else.
  ///
  /// Corresponds to `stat(2)`, following links such as those in `/dev/v4l/by-id`.
  public static func of(_ path: String) throws(KernelError) -> DeviceSubsystem? {
    var status = stat()
    // What opening it would say.
    guard unsafe path.withSystemBytes({ unsafe stat($0, &status) }) == 0 else { throw KernelError(.open, on: path) }
    guard status.st_mode & S_IFMT == S_IFCHR else { return nil }
    // Documentation/admin-guide/devices.txt has both numbers.
    return switch cdmabuf_device(status.st_rdev) >> 32 {
    case 226: .drm
    case 81: .v4l2
    default: nil
    }
  }
}

/// No device of that name, where others can be told.
public struct NoSuchDevice: Error, Equatable, Sendable {
  /// As the user called it.
  public let subject: String
  /// The drivers that there are devices of.
  public let drivers: [UntrustedText]
}

/// No DRM device of a driver.
public struct NoDriver: Error, Equatable, Sendable, CustomStringConvertible {
  /// The driver's name.
  public let name: String

  package init(name: String) { self.name = name }

  /// As of a node that leads nowhere.
  public var description: String { "\(DRMNode.directory): open: \(Errno.operationNotSupportedByDevice)" }
}

/// A device's node, and what it was found by.
public struct FoundNode: Hashable, Sendable {
  /// The node's path.
  public let path: String
  /// The driver that was asked for; `nil` where a node was.
  package let driver: UntrustedText?
  /// As the user called it.
  package let subject: String

  /// A node that was named by its path.
  public init(_ path: String) { self.init(path: path, driver: nil, subject: path) }

  package init(path: String, driver: UntrustedText?, subject: String) {
    self.path = path
    self.driver = driver
    self.subject = subject
  }

  /// Between search and use the path may have become another device's.
  fileprivate func require(_ actual: UntrustedText) throws(NoSuchDevice) {
    guard let driver, driver != actual else { return }
    throw NoSuchDevice(subject: subject, drivers: [actual])
  }
}

extension DRMNode {
  /// A device's node, named by its driver, by the node's name in `/dev/dri`, or by its path. Render nodes are
  /// preferred, as they make nobody DRM master, unless a primary one is needed.
  ///
  /// Throws ``NoSuchDevice``, or the refusal of the only nodes it might have been.
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

  /// Opens a node that was found. Throws ``NoSuchDevice`` when it has become another driver's meanwhile.
  public init(_ found: FoundNode) throws {
    let node = try DRMNode(found.path)
    try found.require(node.driver)
    self = node
  }
}

extension V4L2Node {
  /// A device's first node, named by its driver, by what the kernel calls the node in
  /// `/sys/class/video4linux/*/name`, or by its path.
  ///
  /// Throws ``NoSuchDevice``, or the refusal of the only nodes it might have been.
  public static func find(_ name: String) throws -> FoundNode {
    if name.hasSlash { return FoundNode(name) }
    let paths = try paths()
    if paths.contains("/dev/\(name)") { return FoundNode("/dev/\(name)") }
    return try search(paths, for: name, subject: "v4l2:\(name)") { path throws(KernelError) in
      (try V4L2Node(path).driver, label(of: path))
    }
  }

  /// What the kernel calls the node.
  private static func label(of path: String) -> UntrustedText? {
    SmallFile.text("\(directory)/\(path.dropFirst("/dev/".count))/name").map { UntrustedText($0.utf8) }
  }

  /// Opens a node that was found. Throws ``NoSuchDevice`` when it has become another driver's meanwhile.
  public init(_ found: FoundNode) throws {
    let node = try V4L2Node(found.path)
    try found.require(node.driver)
    self = node
  }
}

/// The paths of the nodes in `folder` whose names are a kind and a number, by kind and number; none where the list of
/// them is not there.
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
