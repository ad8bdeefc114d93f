// SPDX-License-Identifier: MIT
public import DMABuf
import SystemPackage

/// Why a source of the census could not be read, or not to its end.
public enum CensusError: Error, Equatable, Sendable {
  /// The kernel refused a call.
  case refused(KernelError)
  /// A text is not what it should be.
  case format(FormatError)
  /// `/proc`, of which this is the path of the process's own directory, shows no processes.
  case noProcesses(String)
  /// There is no process with this directory in `/proc`.
  case noSuchProcess(String)
  /// The kernel has no iterator over buffers, as its description of its types in this file tells.
  case noIterator(String)
  /// The process was asked to end before all was read.
  case interrupted
  /// The kernel's process ids are not those of this process's pid namespace, which has this file.
  case otherNamespace(String)

  /// Runs `body`, whose errors are the kernel's refusals.
  package static func refusing<Result: ~Copyable>(
    _ body: () throws(KernelError) -> Result
  ) throws(CensusError) -> Result {
    do throws(KernelError) {
      return try body()
    } catch {
      throw .refused(error)
    }
  }

  /// Throws ``interrupted`` once the process was asked to end: what was read is not all then.
  package static func checkInterruption() throws(CensusError) {
    if Interruption.signal != nil { throw .interrupted }
  }

  /// Runs `body`, which reads a whole file. It throws ``KernelError``, ``FormatError`` or ``Interrupted``.
  package static func reading<Result>(_ body: () throws -> Result) throws(CensusError) -> Result {
    do {
      return try body()
    } catch let error as KernelError {
      throw .refused(error)
    } catch let error as FormatError {
      throw .format(error)
    } catch {
      throw .interrupted
    }
  }
}

extension CensusError: CustomStringConvertible {
  /// `SUBJECT: CALL: reason`.
  public var description: String {
    switch self {
    case .refused(let error): "\(error)"
    case .format(let error): "\(error)"
    case .noProcesses(let path): "\(path): open: \(Errno.noSuchFileOrDirectory)"
    case .noSuchProcess(let path): "\(path): open: \(Errno.noSuchProcess)"
    case .noIterator(let path): "\(path): find bpf_iter_dmabuf: \(Errno.notSupported)"
    case .interrupted: "\(Interrupted())"
    case .otherNamespace(let path): "\(path): stat: \(Errno.notSupported)"
    }
  }
}
