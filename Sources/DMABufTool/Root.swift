import ArgumentParser
import DMABuf

/// The command tree.
struct Root: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dmabuf",
    abstract: "Inspect and exercise dma-bufs, the buffers that devices share.",
    discussion: """
      A dma-buf lives as long as something holds it. Commands that make buffers let go \
      when they end, unless --hold NAME keeps them or a command to run with them follows --.

      EXAMPLES
        dmabuf alloc 8M                     does allocation work here?
        dmabuf alloc 8M --hold camera       keep it; map camera, release camera
        dmabuf alloc 8M -- sh               a shell that holds a buffer as $DMABUF_FD
        dmabuf stat                         every dma-buf, and who holds it
        dmabuf map 4711:23 --dump           look into another process's buffer

      REFERENCES (REF)
        NAME      what --hold NAME keeps
        fd:N      descriptor N, inherited from the caller
        PID:FD    descriptor FD of process PID
        ino:N     the buffer with inode number N

      EXIT STATUS
        0 done, 1 refused or failed, 64 usage, 77 not available on this machine,
        124 timed out, 128+N ended by signal N
      """,
    version: Version.text,
    subcommands: commands.map { $0.value() })

  /// By name, and behind closures, so that finding one touches neither the types nor the descriptions of the others.
  static let commands: KeyValuePairs<String, @Sendable () -> any ParsableCommand.Type> = [
    "alloc": { Alloc.self }, "export": { Export.self }, "import": { Import.self }, "devices": { Devices.self },
    "map": { Map.self }, "sync": { Sync.self }, "stat": { Stat.self }, "top": { Top.self },
    "fence-wait": { FenceWait.self }, "fence": { FenceCommands.self }, "held": { Held.self },
    "release": { Release.self }, "send": { Send.self }, "receive": { Receive.self }, "check": { Check.self },
    "bench": { Bench.self }, "doctor": { Doctor.self },
  ]

  /// Parses and runs. A command that stands first is parsed by itself: going through the whole tree
  /// takes twice as long.
  static func run(_ arguments: [String]) throws {
    let direct = commands.first { $0.key == arguments.first }?.value()
    if direct != nil, arguments.prefix(while: { $0 != "--" }).contains("--version") {
      return try StandardStream.output.write(Version.text + "\n")
    }
    let asked = arguments.first == "help" ? arguments.dropFirst() : arguments[...]
    if let word = asked.first, !word.hasPrefix("-"), !commands.contains(where: { $0.key == word }), word != "help" {
      throw Failure("'\(word)' is not a command", hint: "\(commandName) --help lists them", status: .usage)
    }
    let parsed: any ParsableCommand.Type = direct ?? Self.self
    let subcommands = direct?.configuration.subcommands ?? []
    let below = subcommands.first { $0.configuration.commandName == arguments.dropFirst().first }
    if let direct, let word = arguments.dropFirst().first, !word.hasPrefix("-"), !subcommands.isEmpty, below == nil,
      word != "help"
    {
      let name = "\(commandName) \(direct.configuration.commandName ?? "")"
      throw Failure("'\(word)' is not a command of \(name)", hint: "\(name) --help lists them", status: .usage)
    }
    do {
      let words = direct == nil ? arguments : Array(arguments.dropFirst())
      if let end = words.firstIndex(of: "--"), (below ?? direct) is any CommandBeforeAnother.Type {
        var command = try parsed.parseAsRoot(Array(words[..<end]))
        if var first = command as? any CommandBeforeAnother {
          first.command = Array(words[(end + 1)...])
          command = first
        }
        try command.run()
      } else {
        var command = try parsed.parseAsRoot(words)
        // Help is a command too, whose running throws the text.
        try command.run()
      }
    } catch  where parsed.exitCode(for: error).isSuccess {
      let text = parsed.fullMessage(for: error)
      throw HelpRequest(text: text.hasPrefix("#!/bin/bash") ? text + Completion.bashColons : text)
    } catch  where parsed.exitCode(for: error) == .validationFailure {
      let name = [commandName, direct?.configuration.commandName, below?.configuration.commandName]
        .compactMap(\.self).joined(separator: " ")
      throw Failure(parsed.message(for: error), hint: "\(name) --help", status: .usage)
    }
  }

  private static let commandName = "dmabuf"
}

/// Help, or the version, was asked for.
struct HelpRequest: Error {
  let text: String
}
