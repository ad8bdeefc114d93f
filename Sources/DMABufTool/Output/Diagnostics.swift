// SPDX-License-Identifier: MIT
import DMABuf
import DMABufHolding
import DMABufHost
import SystemPackage

/// Exit statuses. Scripts depend on them.
enum ExitStatus: CInt {
  case done = 0
  /// The kernel refused, a verification failed, or part of the data could not be read.
  case failed = 1
  case usage = 64
  /// This machine lacks a requested facility.
  case missing = 77
  case timedOut = 124
}

/// An error with a message for the user.
struct Failure: Error {
  var message: String?
  var hint: String?
  var status: ExitStatus

  init(_ message: String, hint: String? = nil, status: ExitStatus = .failed) {
    self.message = message
    self.hint = hint
    self.status = status
  }

  /// An error whose messages are printed already; only the exit status is left.
  static let reported = Failure(status: .failed)

  init(status: ExitStatus) { self.status = status }

  /// Every source of buffers failed. Prints the reasons.
  static func noSource(_ refusals: [KernelError]) -> Failure {
    for refusal in refusals { Diagnostics.say("\(refusal)", hint: Advice.hint(for: refusal)) }
    let isMissing = refusals.allSatisfy { Advice.status(for: $0) == .missing }
    return Failure(
      "no source of buffers works on this machine", hint: "dmabuf alloc --list shows why",
      status: isMissing ? .missing : .failed)
  }
}

/// The user's command has exited, and this command exits with the same status.
struct CommandEnded: Error {
  let status: CInt
}

/// Messages on standard error.
enum Diagnostics {
  /// Prints an error and returns the exit status.
  static func report(_ error: any Error) -> CInt {
    // The process was asked to end. All open files have been closed on the way here.
    if let signal = Interruption.signal {
      Interruption.end(by: signal)
      return 128 + signal
    }
    switch error {
    case let request as HelpRequest:
      return report(request)
    case let ended as CommandEnded:
      return ended.status
    case let failure as Failure:
      if let message = failure.message { say(message, hint: failure.hint) }
      return failure.status.rawValue
    case let error as KernelError:
      // The reader of standard output has closed the pipe (`| head`).
      if error.subject == StandardStream.output.name, error.errno == .brokenPipe { return 0 }
      say("\(error)", hint: Advice.hint(for: error))
      return Advice.status(for: error).rawValue
    case let error as HolderError:
      say("\(error)", hint: Advice.hint(for: error))
    case RuntimeDirectoryError.notPrivate(let path):
      say("\(error)", hint: Advice.notPrivate(path))
    case let error as WrongKind:
      say("\(error.subject) is \(error.kind), not \(error.wanted.rawValue)", hint: Advice.hint(for: error))
    case let error as NoSuchDevice:
      say("\(error.subject): no such device", hint: DeviceAdvice.hint(for: error))
      return ExitStatus.missing.rawValue
    case NoSyncObjects.device(let path, let driver):
      say(
        "\(path): \(driver.escaped) has no syncobjs (DRM_CAP_SYNCOBJ is 0)",
        hint: "GPU drivers have syncobjs, and virtio_gpu since Linux 6.6")
      return ExitStatus.missing.rawValue
    case NoSyncObjects.machine:
      say(
        "\(DRMNode.directory): DRM_CAP_SYNCOBJ: \(Errno.operationNotSupportedByDevice)",
        hint: "no DRM driver of this machine has syncobjs; GPU drivers have them, and virtio_gpu since Linux 6.6")
      return ExitStatus.missing.rawValue
    case let error as FormatChanged:
      say(
        "\(error.subject): VIDIOC_S_FMT: \(error)",
        hint: DeviceAdvice.hint(for: error))
    default:
      say("\(error)", hint: Advice.hint(for: error))
      return Advice.status(for: error).rawValue
    }
    return ExitStatus.failed.rawValue
  }

  /// Prints one line with the error, and one with the hint.
  static func say(_ message: String, hint: String?) {
    // Paths and arguments are quoted unchanged, so newlines are escaped: no line can start with untrusted text.
    let lines = ["dmabuf: \(message)"] + (hint.map { ["dmabuf: hint: \($0)"] } ?? [])
    try? StandardStream.error.write(lines.map { Escaping.visible($0) + "\n" }.joined())
  }

  private static func report(_ request: HelpRequest) -> CInt {
    do {
      try StandardStream.output.write(request.text + "\n")
      return ExitStatus.done.rawValue
    } catch {
      return report(error)
    }
  }
}
