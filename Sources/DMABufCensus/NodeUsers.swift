// SPDX-License-Identifier: MIT
public import DMABuf
import Glibc
import SystemPackage

/// The processes that have a device node open. One of them may own the node's queue.
public struct NodeUsers: Sendable {
  /// A process that has the node open.
  public struct User: Equatable, Sendable {
    /// The process id.
    public let pid: Int32
    /// The command name; `nil` if the process has ended.
    public let command: UntrustedText?
  }

  /// The processes, sorted by process id, without this process.
  public private(set) var users: [User] = []
  /// Processes that this user may not read.
  public private(set) var refused: [KernelError] = []

  /// Searches `/proc/PID/fd` below `root`.
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
