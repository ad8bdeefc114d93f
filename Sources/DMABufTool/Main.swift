import ArgumentParser
import DMABuf
import DMABufHost
import Glibc

@main
enum Main {
  static func main() {
    if ProcessLimits.isSetUserID {
      Diagnostics.say(
        "cannot run set-user-ID: another user's environment and descriptors are not to be trusted", hint: nil)
      exit(ExitStatus.failed.rawValue)
    }
    let arguments = ProcessArguments.words
    StandardStream.reserve()
    Interruption.adoptSignals()
    let status = finish { try Root.run(arguments) }
    // Whoever asked the process to end is not told that all is well.
    Interruption.finish()
    exit(status)
  }

  /// Runs `body`, says what went wrong, and returns the exit status.
  private static func finish(_ body: () throws -> Void) -> CInt {
    do {
      try body()
      return ExitStatus.done.rawValue
    } catch {
      return Diagnostics.report(error)
    }
  }
}
