// SPDX-License-Identifier: MIT
public import DMABuf
import Glibc
import SystemPackage

/// The processes that have a device node open: who may own its queue.
public struct NodeUsers: Sendable {
  /// One of them.
  public struct User: Equatable, Sendable {
    /// Its process id.
    public let pid: Int32
    /// Its command name; `nil` when it ended meanwhile.
    public let command: UntrustedText?
  }

  /// By process id, this process left out.
  public private(set) var users: [User] = []
  /// Processes that may not be looked at.
  public private(set) var refused: [KernelError] = []

  /// Looks through `/proc/PID/fd` below `root`.
  public init(of path: String, root: String = "") {
    let pids = ((try? Directory(root + "/proc").names()) ?? []).compactMap { Int32($0) }.sorted()
    for pid in pids where pid != getpid() || !root.isEmpty {
      let folder = "\(root)/proc/\(pid)/fd"
      do throws(KernelError) {
        let directory = try Directory(folder)
        let opened = try directory.names().contains { directory.link($0) == path }
        guard opened else { continue }
        let command = SmallFile.text("\(root)/proc/\(pid)/comm").map { UntrustedText($0.utf8) }
        users.append(User(pid: pid, command: command))
      } catch {
        if error.errno != .noSuchFileOrDirectory, error.errno != .noSuchProcess { refused.append(error) }
      }
    }
  }
}
