// SPDX-License-Identifier: MIT
internal import CDMABuf
package import DMABuf
import Glibc
import SystemPackage

/// A command that runs beside this process, as a child in the same process group.
package final class CompanionProcess {
  /// The process that starts the command and waits for it.
  package let pid: Int32
  private let gate: OwnedDescriptor

  /// Forks a child that runs `arguments` once ``start()`` is called. The child reports the failure to start the command
  /// with `report`, and exits with the result.
  ///
  /// No other thread may run.
  package init(_ arguments: [String], report: (any Error) -> CInt) throws(KernelError) {
    var ends: [CInt] = [-1, -1]
    guard unsafe cdmabuf_pipe(&ends) == 0 else { throw KernelError(.pipe, on: "child") }
    let child = fork()
    if child == 0 {
      close(ends[1])
      var byte: UInt8 = 0
      var count = 0
      repeat {
        count = unsafe read(ends[0], &byte, 1)
      } while count < 0 && errno == EINTR && Interruption.signal == nil
      close(ends[0])
      // Without a byte, the tracer has ended.
      guard count == 1 else { cdmabuf_end_child_with(0) }
      do {
        cdmabuf_end_child_with(try Command.run(arguments, variables: [:], descriptors: []))
      } catch {
        cdmabuf_end_child_with(report(error))
      }
    }
    let reason = errno
    close(ends[0])
    guard child > 0 else {
      close(ends[1])
      throw KernelError(.fork, on: "child", errno: .init(rawValue: reason))
    }
    gate = OwnedDescriptor(owning: ends[1])
    pid = child
  }

  /// Lets the child start the command.
  package func start() {
    var byte: UInt8 = 1
    while unsafe write(gate.rawValue, &byte, 1) < 0, errno == EINTR {}
  }

  /// The exit status of the command; `nil` while the command runs.
  package func exitStatus() -> CInt? {
    var status: CInt = 0
    guard unsafe waitpid(pid, &status, WNOHANG) == pid else { return nil }
    let signal = status & 0x7f
    return signal == 0 ? status >> 8 & 0xff : 128 + signal
  }

  /// Waits for the end of the command, and returns its exit status. A signal to this process is passed on.
  package func wait() -> CInt {
    var hasPassedOn = false
    while true {
      if let status = exitStatus() { return status }
      if !hasPassedOn, let signal = Interruption.signal {
        end(by: signal)
        hasPassedOn = true
      }
      usleep(10_000)
    }
  }

  /// Passes a signal on to the command; SIGTERM if there is none.
  package func end(by signal: CInt?) { kill(pid, signal ?? SIGTERM) }
}
