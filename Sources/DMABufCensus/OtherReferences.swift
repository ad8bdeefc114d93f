// SPDX-License-Identifier: MIT
public import DMABuf
import Glibc
import SystemPackage

extension Census {
  /// Possible references that are neither descriptors nor mappings.
  public struct OtherReferences: Equatable, Sendable {
    /// Processes that have a node of an attached device open, by the device's name.
    public var users: [UntrustedText: [Int32]] = [:]
    /// The nodes of an attached device, by the device's name.
    public var nodes: [UntrustedText: [String]] = [:]
    /// The number of descriptors of any kind in messages that a process has not received.
    public var messages: [Int32: Int] = [:]
  }
}

/// A pass over all descriptors that finds device nodes, and Unix sockets with descriptors in flight.
struct OtherReferencesWalk {
  let root: String
  private(set) var found = Census.OtherReferences()
  /// The processes that were found, with their properties at that time.
  private(set) var processes: [Census.Process] = []

  init(root: String, devices: Set<UntrustedText>, processes pids: [Int32]?) {
    self.root = root
    found.nodes = Self.nodes(of: devices, root: root)
    var devicesOfNode: [String: [UntrustedText]] = [:]
    for (device, paths) in found.nodes {
      for path in paths { devicesOfNode[path, default: []].append(device) }
    }
    let all = pids ?? ((try? Directory(root + "/proc").names()) ?? []).compactMap { Int32($0) }
    for pid in all.sorted() { visit(pid, devicesOfNode) }
  }

  private mutating func visit(_ pid: Int32, _ devicesOfNode: [String: [UntrustedText]]) {
    guard let process = try? Directory("\(root)/proc/\(pid)"), let files = try? Directory("fd", in: process),
      let names = try? files.names()
    else { return }
    var devices: Set<UntrustedText> = []
    var messages = 0
    for name in names {
      guard let link = files.link(name) else { continue }
      if let used = devicesOfNode[link] { devices.formUnion(used) }
      if link.hasPrefix("socket:[") { messages += Self.messages(name, in: process) }
    }
    for device in devices { found.users[device, default: []].append(pid) }
    if messages > 0 { found.messages[pid] = messages }
    if messages > 0 || !devices.isEmpty { processes.append(Census.Process(pid, in: process)) }
  }

  /// Reads `scm_fds: N` of a Unix socket: the number of descriptors that were sent to the socket and not received yet.
  /// Since Linux 5.8.
  private static func messages(_ number: String, in process: borrowing Directory) -> Int {
    guard let text = try? SmallFile.read("fdinfo/" + number, in: process) else { return 0 }
    let line = text.split(separator: UInt8(ascii: "\n")).first { $0.starts(with: "scm_fds: ".utf8) }
    return line.flatMap { Digits.number($0.dropFirst("scm_fds: ".utf8.count)) }.map { Int(clamping: $0) } ?? 0
  }

  /// The DRM, V4L2 and accel nodes of devices with these names, as bufinfo names them.
  private static func nodes(of devices: Set<UntrustedText>, root: String) -> [UntrustedText: [String]] {
    var nodes: [UntrustedText: [String]] = [:]
    for (subsystem, folder) in [("drm", "/dev/dri/"), ("video4linux", "/dev/"), ("accel", "/dev/accel/")] {
      guard let directory = try? Directory("\(root)/sys/class/\(subsystem)"), let names = try? directory.names()
      else {
        continue
      }
      // The class also contains connectors, which have no device number.
      for name in names.sorted() where SmallFile.text("\(directory.file.name)/\(name)/dev") != nil {
        guard let target = directory.link(name + "/device"), let last = target.split(scalar: "/").last else {
          continue
        }
        let device = UntrustedText(last.utf8)
        if devices.contains(device) { nodes[device, default: []].append(folder + name) }
      }
    }
    return nodes
  }
}

extension Directory {
  func link(_ name: String) -> String? {
    let parent = descriptor
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: Int(PATH_MAX)) { buffer, count in
      count = unsafe max(
        0,
        buffer.withMemoryRebound(to: CChar.self) { unsafe readlinkat(parent, name, $0.baseAddress!, $0.count) })
    }
    return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
  }
}
