import ArgumentParser
import DMABuf

/// The command tree.
struct Root: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dmabuf",
    abstract: "Inspect and exercise dma-bufs, the buffers that devices share.",
    discussion: """
      A dma-buf lives as long as something holds it. Commands that make buffers let go \
      when they end, unless a command to run with them follows `--`.

      EXAMPLES
        dmabuf alloc 8M                     does allocation work here?
        dmabuf alloc 8M -- sh               a shell that holds a buffer as $DMABUF_FD
        dmabuf stat                         every dma-buf, and who holds it
        dmabuf map 4711:23 --dump           look into another process's buffer

      REFERENCES (REF)
        fd:N      descriptor N, inherited from the caller
        PID:FD    descriptor FD of process PID
        ino:N     the buffer with inode number N

      EXIT STATUS
        0 done, 1 refused or failed, 64 usage, 77 not available on this machine,
        124 timed out, 128+N ended by signal N
      """,
    version: Version.text,
    subcommands: commands)

  static let commands: [any ParsableCommand.Type] = [Alloc.self, Map.self, Sync.self, Stat.self]

  /// Parses and runs. A command that stands first is parsed by itself: going through the whole tree
  /// takes twice as long.
  static func run(_ arguments: [String]) throws {
    let direct = commands.first { $0.configuration.commandName == arguments.first }
    var command: any ParsableCommand
    do {
      command =
        if let direct { try direct.parseAsRoot(Array(arguments.dropFirst())) } else { try parseAsRoot(arguments) }
      if arguments.isEmpty { throw CleanExit.helpRequest() }
    } catch {
      let parsed = direct ?? Self.self
      if parsed.exitCode(for: error).isSuccess { throw HelpRequest(text: parsed.fullMessage(for: error)) }
      let name = [commandName, direct?.configuration.commandName].compactMap(\.self).joined(separator: " ")
      throw Failure(parsed.message(for: error), hint: "\(name) --help", status: .usage)
    }
    try command.run()
  }

  private static let commandName = "dmabuf"
}

/// Help, or the version, was asked for.
struct HelpRequest: Error {
  let text: String
}
