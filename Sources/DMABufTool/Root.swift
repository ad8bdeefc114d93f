import ArgumentParser
import DMABuf
import DMABufHost

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
  static func run(_ words: [String]) throws {
    let arguments = words.first == "stat" ? Stat.spelledOut(words) : words
    let direct = commands.first { $0.key == arguments.first }?.value()
    if direct != nil, arguments.prefix(while: { $0 != "--" }).contains("--version") {
      return try StandardStream.output.write(Version.text + "\n")
    }
    let subcommands = direct?.configuration.subcommands ?? []
    let below = subcommands.first { $0.configuration.commandName == arguments.dropFirst().first }
    if direct == nil {
      try refuseStranger(in: arguments[...], to: commandName) { word in commands.contains { $0.key == word } }
    } else if !subcommands.isEmpty, below == nil {
      try refuseStranger(in: arguments.dropFirst(), to: name(direct)) { word in
        subcommands.contains { $0.configuration.commandName == word }
      }
    }

    let parsed: any ParsableCommand.Type = direct ?? Self.self
    let wanted = below ?? (subcommands.isEmpty ? direct : nil)
    var command: any ParsableCommand
    do {
      command = try parse(direct == nil ? arguments : Array(arguments.dropFirst()), as: parsed, wanted)
      // Help is a command too, whose running throws the text.
      if type(of: command) != wanted { return try command.run() }
    } catch {
      throw explained(error, parsed, name(direct, below))
    }
    // What a command throws is not the parser's: for want of knowing it, that would write all of help first.
    do {
      try command.run()
    } catch let error as ValidationError {
      throw explained(error, parsed, name(direct, below))
    }
  }

  /// Refuses a first word, or one after `help`, that is no command.
  private static func refuseStranger(
    in words: ArraySlice<String>, to name: String, isKnown: (String) -> Bool
  ) throws {
    let word = words.first == "help" ? words.dropFirst().first : words.first
    guard let word, !word.hasPrefix("-"), word != "help", !isKnown(word) else { return }
    throw Failure(
      "'\(word)' is not a command" + (name == commandName ? "" : " of \(name)"), hint: "\(name) --help lists them",
      status: .usage)
  }

  private static func parse(
    _ words: [String], as command: any ParsableCommand.Type, _ wanted: (any ParsableCommand.Type)?
  ) throws -> any ParsableCommand {
    guard let end = words.firstIndex(of: "--"), wanted is any CommandBeforeAnother.Type else {
      return try command.parseAsRoot(words)
    }
    let command = try command.parseAsRoot(Array(words[..<end]))
    guard var first = command as? any CommandBeforeAnother else { return command }
    first.command = Array(words[(end + 1)...])
    return first
  }

  /// Help that was asked for, and words that cannot be, as the parser puts them.
  private static func explained(
    _ error: any Error, _ parsed: any ParsableCommand.Type, _ name: String
  ) -> any Error {
    let code = parsed.exitCode(for: error)
    if code.isSuccess {
      let text = parsed.fullMessage(for: error)
      return HelpRequest(text: text.hasPrefix("#!/bin/bash") ? text + Completion.bashColons : text)
    }
    guard code == .validationFailure else { return error }
    return Failure(parsed.message(for: error), hint: "\(name) --help", status: .usage)
  }

  /// As it is typed.
  private static func name(_ commands: (any ParsableCommand.Type)?...) -> String {
    commands.reduce(commandName) { name, command in
      name + (command?.configuration.commandName.map { " " + $0 } ?? "")
    }
  }

  private static let commandName = "dmabuf"
}

/// Help, or the version, was asked for.
struct HelpRequest: Error {
  let text: String
}
