// SPDX-License-Identifier: MIT
import DMABuf

/// The users of this machine.
///
/// `/etc/passwd` is read directly, because a static executable cannot load libc's name service modules.
package enum Users {
  /// The name of user `number`; `nil` if `/etc/passwd` does not list it.
  package static func name(of number: UInt32, root: String = "") -> String? {
    entry(in: root + "/etc/passwd") { UInt32($0[2]) == number }?[0]
  }

  /// The number of the user with this name. `name` can also be a number.
  package static func number(of name: String, root: String = "") -> UInt32? {
    entry(in: root + "/etc/passwd") { $0[0] == name }.flatMap { UInt32($0[2]) } ?? UInt32(name)
  }

  /// The name of group `number`; `nil` if `/etc/group` does not list it.
  static func groupName(of number: UInt32) -> String? {
    entry(in: "/etc/group") { UInt32($0[2]) == number }?[0]
  }

  /// The names of all groups that `/etc/group` lists.
  package static func groupNames(root: String = "") -> Set<String> {
    let lines = (SmallFile.text(root + "/etc/group") ?? "").split(scalar: "\n")
    return Set(lines.compactMap { $0.split(scalar: ":").first.map { String($0) } })
  }

  private static func entry(in table: String, where matches: ([String]) -> Bool) -> [String]? {
    for line in (SmallFile.text(table) ?? "").split(scalar: "\n") {
      let fields = line.split(scalar: ":", omittingEmptySubsequences: false).map(String.init)
      if fields.count > 2, matches(fields) { return fields }
    }
    return nil
  }
}
