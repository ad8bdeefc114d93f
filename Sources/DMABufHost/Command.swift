// SPDX-License-Identifier: MIT
internal import CDMABuf
import DMABuf
import Glibc
import SystemPackage

/// Runs another program that inherits chosen descriptors.
package enum Command {
  /// Runs `arguments`, found through `PATH`, until the command ends. The command inherits the standard streams, the
  /// environment with `variables` set (or removed if `nil`), and the descriptors that this process inherited. Of this
  /// process's own descriptors it inherits only `descriptors`, under the same numbers. Signals sent to this process
  /// meanwhile are passed on.
  ///
  /// No other thread may run, because it could receive the signals. SIGCHLD must not be ignored
  /// (``Interruption/adoptSignals()``).
  ///
  /// Corresponds to `fork(2)` and `execvpe(3)`. `posix_spawn(3)` cannot be used: it cannot leave SIGCHLD ignored in the
  /// child alone, and does not start scripts without `#!`.
  ///
  /// - Returns: the exit status of the command, or 128 + N when signal N ended it.
  /// - Throws: ``KernelError`` with the errno of `execvpe` when the command cannot be started, ``Interrupted`` when
  ///   this process was asked to end before.
  package static func run(
    _ arguments: [String], variables: [String: String?], descriptors: [CInt]
  ) throws -> CInt {
    var words = unsafe arguments.map { word in unsafe word.withSystemBytes { unsafe strdup($0) } } + [nil]
    let additions = unsafe variables.compactMap { name, value in
      unsafe value.map { value in unsafe "\(name)=\(value)".withSystemBytes { unsafe strdup($0) } }
    }
    defer { unsafe (words + additions).forEach { unsafe free($0) } }
    var variables = unsafe environment(without: variables.keys) + additions + [nil]

    let signals = PassedSignals()
    defer { signals.restore() }
    try Interruption.check()
    let status: CInt
    do throws(Errno) {
      status = try unsafe run(&words, &variables, descriptors, signals)
    } catch {
      throw KernelError(.exec, on: arguments.first ?? "", errno: error)
    }
    let signal = status & 0x7f
    return signal == 0 ? status >> 8 & 0xff : 128 + signal
  }

  /// This process's environment without these variables, with unchanged bytes.
  private static func environment(
    without names: some Sequence<String>
  ) -> [UnsafeMutablePointer<CChar>?] {
    let prefixes = names.map { $0 + "=" }
    var kept = unsafe [UnsafeMutablePointer<CChar>?]()
    var entry = unsafe environ
    while let text = unsafe entry.pointee {
      let isReplaced = prefixes.contains { unsafe strncmp(text, $0, $0.utf8.count) == 0 }
      if !isReplaced { unsafe kept.append(text) }
      unsafe entry += 1
    }
    return unsafe kept
  }

  private typealias Texts = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

  /// Starts the command and waits for its end. Returns the status of `waitpid(2)`.
  private static func run(
    _ words: Texts, _ variables: Texts, _ descriptors: [CInt], _ signals: PassedSignals
  ) throws(Errno) -> CInt {
    // exec(2) closes the pipe. If exec(2) fails, the child writes the errno to the pipe.
    var ends: [CInt] = [-1, -1]
    guard unsafe cdmabuf_pipe(&ends) == 0 else { throw Errno(rawValue: errno) }
    let failure = OwnedDescriptor(owning: ends[0])
    let end = ends[1]
    let child = fork()
    if child == 0 { unsafe become(words, variables, descriptors, signals, failure: end) }
    let refusal = Errno(rawValue: errno)
    close(end)
    guard child > 0 else { throw refusal }
    signals.passEarly(to: child)
    var reason: CInt = 0
    var length = 0
    repeat { length = unsafe read(failure.rawValue, &reason, 4) } while length < 0 && errno == EINTR
    let status = try wait(for: child, signals)
    if length == 4 { throw Errno(rawValue: reason) }
    return status
  }

  /// Replaces the child process with the command.
  private static func become(
    _ words: Texts, _ variables: Texts, _ descriptors: [CInt], _ signals: PassedSignals, failure: CInt
  ) {
    let areOpen = descriptors.allSatisfy { number in
      let flags = cdmabuf_fcntl(number, F_GETFD, 0)
      return flags >= 0 && cdmabuf_fcntl(number, F_SETFD, flags & ~FD_CLOEXEC) >= 0
    }
    if areOpen {
      // Signals that arrived since the fork are delivered now, and end the child.
      signals.restoreInChild()
      unsafe cdmabuf_execvpe(words[0], words, variables)
    }
    var reason = errno
    while unsafe write(failure, &reason, 4) < 0, errno == EINTR {}
    cdmabuf_end_child()
  }

  /// Passes signals on until the child has ended. Its pid cannot be reused before waitpid(2).
  private static func wait(for child: pid_t, _ signals: PassedSignals) throws(Errno) -> CInt {
    var status: CInt = 0
    while true {
      let ended = unsafe waitpid(child, &status, WNOHANG)
      if ended == child { return status }
      if ended < 0, errno != EINTR { throw Errno(rawValue: errno) }
      if ended == 0 { signals.passNext(to: child) }
    }
  }
}

/// The signals that are passed on to a child. They are blocked while this process waits for the child, and handled one
/// after the other, so none comes too early or is lost. Ignored signals stay ignored.
private struct PassedSignals {
  private let passed: [CInt]
  private let before: sigset_t

  init() {
    passed = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGALRM, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT].filter {
      var action = sigaction()
      unsafe sigaction($0, nil, &action)
      return unsafe unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
        != unsafeBitCast(SIG_IGN, to: Int.self)
    }
    var mask = sigset_t()
    var set = Self.set(of: passed + [SIGCHLD])
    unsafe sigprocmask(SIG_BLOCK, &set, &mask)
    before = mask
  }

  func restore() {
    var mask = before
    unsafe sigprocmask(SIG_SETMASK, &mask, nil)
  }

  /// Restores the signals in the child, as this process inherited them if that is known.
  func restoreInChild() {
    for number in passed { signal(number, SIG_DFL) }
    if !cdmabuf_restore_signals() { restore() }
  }

  /// Waits for a signal, including the child's end, and passes it on.
  ///
  /// A terminal sends ^C to the whole foreground group itself. Such a signal comes from the kernel, not from a process.
  func passNext(to child: pid_t) {
    var information = unsafe siginfo_t()
    var set = Self.set(of: passed + [SIGCHLD])
    let number = unsafe sigwaitinfo(&set, &information)
    if number > 0, number != SIGCHLD, !Self.isOfTerminal(number, code: unsafe information.si_code) {
      kill(child, number)
    }
  }

  /// Passes on the signals that arrived before the child existed. A terminal has not sent them to the child.
  func passEarly(to child: pid_t) {
    var information = unsafe siginfo_t()
    var set = Self.set(of: passed)
    var nothing = timespec()
    while true {
      let number = unsafe sigtimedwait(&set, &information, &nothing)
      if number < 0 { return }
      let isOfWindow = number == SIGWINCH || number == SIGCONT
      if !isOfWindow || !Self.isOfTerminal(number, code: unsafe information.si_code) { kill(child, number) }
    }
  }

  private static func isOfTerminal(_ number: CInt, code: CInt) -> Bool {
    code > 0 && ![SIGTERM, SIGALRM, SIGUSR1, SIGUSR2].contains(number)
  }

  private static func set(of numbers: [CInt]) -> sigset_t {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    for number in numbers { unsafe sigaddset(&set, number) }
    return set
  }
}
