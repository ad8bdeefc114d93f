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
    guard unsafe path.withSystemBytes({ unsafe stat($0, &status) }) == 0 else { throw KernelError("open", on: path) }
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

extension DRMNode {
  /// The path of a device's node, named by its driver, by the node's name in `/dev/dri`, or by its
  /// path. Render nodes are preferred, as they make nobody DRM master, unless a primary one is needed.
  ///
  /// Throws ``NoSuchDevice``, or the refusal of the only nodes it might have been.
  public static func path(named name: String, primary: Bool) throws -> String {
    if name.contains("/") { return name }
    let paths = try paths()
    if paths.contains("\(directory)/\(name)") { return "\(directory)/\(name)" }
    let cards = paths.filter { $0.hasPrefix(directory + "/card") }
    let renders = paths.filter { !cards.contains($0) }
    return try search(primary ? cards : renders + cards, for: name, subject: "drm:\(name)") {
      path throws(KernelError) in
      [try DRMNode(path).driver]
    }
  }
}

extension VideoNode {
  /// The path of a device's first node, named by its driver, by what the kernel calls the node in
  /// `/sys/class/video4linux/*/name`, or by its path.
  ///
  /// Throws ``NoSuchDevice``, or the refusal of the only nodes it might have been.
  public static func path(named name: String) throws -> String {
    if name.contains("/") { return name }
    let paths = try paths()
    if paths.contains("/dev/\(name)") { return "/dev/\(name)" }
    return try search(paths, for: name, subject: "v4l2:\(name)") { path throws(KernelError) in
      let entry = path.dropFirst("/dev/".count)
      let label = SmallFile.text("\(directory)/\(entry)/name").map { UntrustedText($0.utf8) }
      if let label, label.string == name { return [label] }
      return [try VideoNode(path).driver]
    }
  }
}

private func search(
  _ paths: [String], for name: String, subject: String,
  names: (String) throws(KernelError) -> [UntrustedText]
) throws -> String {
  var found: [UntrustedText] = []
  var refusal: KernelError?
  for path in paths {
    do throws(KernelError) {
      let candidates = try names(path)
      if candidates.contains(where: { $0.string == name }) { return path }
      found += candidates
    } catch {
      refusal = refusal ?? error
    }
  }
  if let refusal { throw refusal }
  throw NoSuchDevice(subject: subject, drivers: Array(Set(found)).sorted { $0.string < $1.string })
}
