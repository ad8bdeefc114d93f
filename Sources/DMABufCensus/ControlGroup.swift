// SPDX-License-Identifier: MIT
public import DMABuf

/// The control group of a process, which identifies its service, session or container.
public struct ControlGroup: Equatable, Sendable {
  /// The group's path in the hierarchy.
  public let path: UntrustedText

  /// Parses `/proc/PID/cgroup`. Returns `nil` if the text contains no group.
  ///
  /// The group of the unified hierarchy is used, or that of systemd's named hierarchy if the unified one is not in use.
  public init?(parsing text: some Collection<UInt8>) {
    var unified: ArraySlice<UInt8>?
    var named: ArraySlice<UInt8>?
    var first: ArraySlice<UInt8>?
    for line in Array(text).split(separator: UInt8(ascii: "\n")) {
      let fields = line.split(separator: UInt8(ascii: ":"), maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3, fields[2].first == UInt8(ascii: "/") else { continue }
      if fields[0].elementsEqual("0".utf8), fields[1].isEmpty {
        unified = fields[2]
      } else if fields[1].elementsEqual("name=systemd".utf8) {
        named = fields[2]
      } else if fields[2].count > 1 {
        first = first ?? fields[2]
      }
    }
    let isUsed = (unified?.count ?? 0) > 1
    guard let path = (isUsed ? unified : nil) ?? named ?? first ?? unified else { return nil }
    self.path = UntrustedText(path)
  }

  /// The service, scope or container by its usual name: `camera.service`, `docker:0123456789ab`; `nil` at the root of
  /// the hierarchy.
  public var unit: UntrustedText? {
    let parts = path.bytes.split(separator: UInt8(ascii: "/"))
    for part in parts.reversed() {
      if let container = Self.container(part) { return container }
    }
    let unit = parts.last { part in
      [".service", ".scope", ".socket", ".mount"].contains {
        part.count > $0.utf8.count && part.suffix($0.utf8.count).elementsEqual($0.utf8)
      }
    }
    return (unit ?? parts.last).map { UntrustedText($0) }
  }

  /// `docker-ID.scope`, or only the id in a directory that is named after the runtime.
  private static func container(_ part: ArraySlice<UInt8>) -> UntrustedText? {
    let name = part.suffix(6).elementsEqual(".scope".utf8) ? part.dropLast(6) : part
    let id = name.suffix(64)
    guard id.count == 64, id.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }) else {
      return nil
    }
    let runtime = name.dropLast(64)
    let prefix = runtime.last == UInt8(ascii: "-") ? Array(runtime.dropLast()) + [UInt8(ascii: ":")] : []
    return UntrustedText(prefix + id.prefix(12))
  }
}
