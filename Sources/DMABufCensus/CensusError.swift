// SPDX-License-Identifier: MIT
public import DMABuf
import SystemPackage

/// The reason why a source of the census could not be read, or not completely.
public enum CensusError: Error, Equatable, Sendable {
  /// The kernel refused a call.
  case refused(KernelError)
  /// A text is in an unexpected format.
  case format(FormatError)
  /// `/proc` shows no processes. The path is that of this process's own directory.
  case noProcesses(String)
  /// No process has this directory in `/proc`.
  case noSuchProcess(String)
  /// The kernel has no iterator over buffers, according to the description of its types in this file.
  case noIterator(String)
  /// The process was asked to end before everything was read.
  case interrupted
  /// The kernel's process ids are not those of this process's pid namespace. The path is that of the namespace's file.
  case otherNamespace(String)

  /// Runs `body`, and converts the kernel's errors.
  package static func refusing<Result: ~Copyable>(
    _ body: () throws(KernelError) -> Result
  ) throws(CensusError) -> Result {
    do throws(KernelError) {
      return try body()
    } catch {
      throw .refused(error)
    }
  }

  /// Throws ``interrupted`` once the process was asked to end. The data read so far is then incomplete.
  package static func checkInterruption() throws(CensusError) {
    if Interruption.signal != nil { throw .interrupted }
  }

  /// Runs `body`, which reads a whole file and throws ``KernelError``, ``FormatError`` or ``Interrupted``.
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
