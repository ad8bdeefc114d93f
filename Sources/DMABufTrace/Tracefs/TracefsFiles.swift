// SPDX-License-Identifier: MIT
internal import CDMABuf
import DMABuf
import DMABufHost
import Glibc
import SystemPackage

/// Files of tracefs. Calls that a signal interrupts are repeated even when the process was asked to end, because what a
/// trace has created must be removed.
enum Tracefs {
  /// The mount point.
  static let directory =
    ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"].first { has("\($0)/instances") } ?? "/sys/kernel/tracing"

  static func has(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

  /// Writes a command into a file.
  static func write(_ text: String, to path: String) throws(KernelError) {
    // Without O_TRUNC, which would remove the dynamic events of all other programs.
    let file = OwnedDescriptor(owning: try number(.open, path) { unsafe open(path, O_WRONLY | O_CLOEXEC) })
    var text = text
    _ = try number(.write, path) {
      text.withUTF8 { bytes in CInt(clamping: unsafe Glibc.write(file.rawValue, bytes.baseAddress, bytes.count)) }
    }
  }

  /// The bytes of a file.
  static func read(_ path: String) throws(KernelError) -> [UInt8] {
    let file = OwnedDescriptor(owning: try number(.open, path) { unsafe open(path, O_RDONLY | O_CLOEXEC) })
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = try number(.read, path) { CInt(clamping: unsafe Glibc.read(file.rawValue, &chunk, chunk.count)) }
      if count == 0 { return bytes }
      bytes += chunk[..<Int(count)]
    }
  }

  private static func number(_ call: KernelCall, _ path: String, _ body: () -> CInt) throws(KernelError) -> CInt {
    while true {
      let result = body()
      if result >= 0 { return result }
      if errno != EINTR { throw KernelError(call, on: path) }
    }
  }
}

/// What a trace has in tracefs: an instance, which has the ring buffers, and a group of dynamic events. Both belong to
/// the machine, so their names tell the process that has to remove them.
struct TracefsNames {
  private static let prefix = "dmabuf-trace-"
  private static let groupPrefix = "dmabuf_trace_"

  private let owner: OwnerProcess

  /// The names for this process.
  init() { owner = .current }

  private init(_ owner: OwnerProcess) { self.owner = owner }

  /// The path of the instance.
  var instance: String { "\(Tracefs.directory)/instances/\(Self.prefix)\(owner.text(separator: "-"))" }
  /// The group of the dynamic events.
  var group: String { Self.groupPrefix + owner.text(separator: "_") }

  static var definitions: String { "\(Tracefs.directory)/dynamic_events" }

  /// Removes the instance and the events. What cannot be removed is left for the next run.
  func remove() {
    try? Tracefs.write("0", to: instance + "/tracing_on")
    // The files of a process that was killed may still be closing.
    var attempts = 100
    while attempts > 0, unsafe rmdir(instance) != 0, errno == EBUSY {
      usleep(10_000)
      attempts -= 1
    }
    let names = Self.events.filter { $0.group == group }.map(\.name)
    for name in names {
      do {
        try Tracefs.write("-:\(group)/\(name)", to: Self.definitions)
      } catch {
        // Another program has enabled all events of the kernel.
        try? Tracefs.write("0", to: "\(Tracefs.directory)/events/\(group)/\(name)/enable")
        try? Tracefs.write("-:\(group)/\(name)", to: Self.definitions)
      }
    }
  }

  /// Removes what traces have left whose processes no longer run.
  static func removeStale() {
    let instances = (try? Directory(Tracefs.directory + "/instances").names()) ?? []
    var owners = instances.filter { $0.hasPrefix(prefix) }
      .compactMap { OwnerProcess($0.dropFirst(prefix.count), separator: "-") }
    for (group, _) in events where group.hasPrefix(groupPrefix) {
      guard let owner = OwnerProcess(group.dropFirst(groupPrefix.count), separator: "_") else { continue }
      if !owners.contains(owner) { owners.append(owner) }
    }
    for owner in owners where owner.hasEnded { TracefsNames(owner).remove() }
  }

  /// All dynamic events of the machine: lines like `p:GROUP/NAME SYMBOL ARGUMENT...`.
  private static var events: [(group: String, name: String)] {
    let lines = ((try? Tracefs.read(definitions)) ?? []).split(separator: UInt8(ascii: "\n"))
    return lines.compactMap { line in
      let place = line.prefix { $0 != UInt8(ascii: " ") }.drop { $0 != UInt8(ascii: ":") }.dropFirst()
      let words = place.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
      guard words.count == 2 else { return nil }
      return (String(decoding: words[0], as: UTF8.self), String(decoding: words[1], as: UTF8.self))
    }
  }
}

/// A child process that creates the instance of this process, and removes what this process has in tracefs once this
/// process has ended, even if by SIGKILL. This process does not create the instance itself, because the kernel warns if
/// the process is killed meanwhile.
struct TracefsWatcher: ~Copyable {
  private let child: pid_t

  /// Starts the child, and waits for the instance. No other thread may run.
  init(_ names: TracefsNames) throws(KernelError) { child = try Self.start(names) }

  private static func start(_ names: TracefsNames) throws(KernelError) -> pid_t {
    let parent = getpid()
    var ends: [CInt] = [-1, -1]
    guard unsafe cdmabuf_pipe(&ends) == 0 else { throw KernelError(.pipe, on: "child") }
    let answer = OwnedDescriptor(owning: ends[0])
    let child = fork()
    if child == 0 {
      detach()
      var reason = unsafe mkdir(names.instance, 0o700) == 0 ? 0 : errno
      _ = unsafe write(ends[1], &reason, MemoryLayout<CInt>.size)
      wait(for: parent)
      names.remove()
      cdmabuf_end_child()
    }
    let reason = errno
    close(ends[1])
    guard child > 0 else { throw KernelError(.fork, on: "child", errno: Errno(rawValue: reason)) }
    do throws(KernelError) {
      try check(answer, names)
    } catch {
      end(child)
      throw error
    }
    return child
  }

  /// Reads the errno of the child's mkdir(2), or 0.
  private static func check(_ answer: borrowing OwnedDescriptor, _ names: TracefsNames) throws(KernelError) {
    var reason: CInt = 0
    while true {
      let count = unsafe read(answer.rawValue, &reason, MemoryLayout<CInt>.size)
      if count < 0, errno == EINTR { continue }
      guard count == MemoryLayout<CInt>.size else { throw KernelError(.mkdir, on: names.instance, errno: .ioError) }
      break
    }
    guard reason == 0 else { throw KernelError(.mkdir, on: names.instance, errno: Errno(rawValue: reason)) }
  }

  /// Ends the child, which has nothing more to remove.
  deinit { Self.end(child) }

  private static func end(_ child: pid_t) {
    kill(child, SIGKILL)
    var status: CInt = 0
    while unsafe waitpid(child, &status, 0) < 0, errno == EINTR {}
  }

  /// Signals to the parent's group or session must not end both.
  private static func detach() {
    setsid()
    for number in [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGALRM, SIGPIPE] { signal(number, SIG_IGN) }
    _ = unsafe cdmabuf_name_process("dmabuf-watch")
  }

  private static func wait(for parent: pid_t) {
    // Files of the parent would stay open otherwise, such as a pipe at its output.
    let process = dup2(cdmabuf_pidfd_open(parent), 0)
    cdmabuf_close_from(process < 0 ? 0 : 1)
    while getppid() == parent {
      if process < 0 {
        usleep(100_000)
      } else {
        _ = try? Polling.poll(POLLIN, of: process, on: "parent", deadline: Deadline(after: .seconds(1)))
      }
    }
  }
}
