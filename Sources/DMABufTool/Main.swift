import ArgumentParser
import DMABuf
import Glibc

@main
enum Main {
  static func main() {
    let arguments = ProcessArguments.words
    StandardStream.reserve()
    Interruption.ignoreBrokenPipes()
    Interruption.catchEndingSignals()
    exit(finish { try Root.run(arguments) })
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
