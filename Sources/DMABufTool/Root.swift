// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf
import DMABufHost

struct Root: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dmabuf",
    abstract: "Inspect and exercise dma-bufs, the buffers that devices share.",
    discussion: """
      Buffers are released when the command exits. Use --hold NAME to keep them, or `-- COMMAND` to run a program \
      that inherits them.

      EXAMPLES
        dmabuf alloc 8M                  # does allocation work?
        dmabuf alloc 8M --hold camera    # hold the buffer under a name
        dmabuf release camera            # release it
        dmabuf alloc 8M -- sh            # run a shell with the buffer as $DMABUF_FD
        dmabuf stat                      # list every dma-buf and its processes
        dmabuf map 4711:23 --dump        # print the buffer of another process

      TOPICS
        dmabuf help REF                  # how to name a buffer or fence
        dmabuf help exit-status          # what the exit status means
        dmabuf help sources              # sources of buffers and of their list
        dmabuf help fences               # implicit fences, sync_files, syncobjs
        dmabuf help images               # sizes as WIDTHxHEIGHT:FOURCC
      """,
    version: Version.text,
    subcommands: [
      Alloc.self, Export.self, Import.self, Map.self, Sync.self, Stat.self, FenceWait.self,
    ],
    groupedSubcommands: [
      CommandGroup(name: "Live", subcommands: [Top.self, Trace.self]),
      CommandGroup(name: "Fence", subcommands: [FenceCommands.self]),
      CommandGroup(name: "Display", subcommands: [Grab.self, Present.self]),
      CommandGroup(name: "Holding and passing", subcommands: [Held.self, Release.self, Send.self, Receive.self]),
      CommandGroup(name: "Machine", subcommands: [Devices.self, Doctor.self, Check.self, Bench.self]),
    ])

  static func run(_ words: [String]) throws {
    if words.count == 2, words[0] == "help", let topic = HelpTopic(word: words[1]) {
      throw HelpRequest(text: topic.text)
    }
    let path = path(words)
    let arguments = arguments(words, of: path)
    if path.count > 1, arguments.prefix(while: { $0 != "--" }).contains("--version") {
      return try StandardStream.output.write(Version.text + "\n")
    }
    try refuseUnknownCommand(in: words.dropFirst(path.count - 1), to: path)
    let wanted = path.last.flatMap { $0.configuration.subcommands.isEmpty ? $0 : nil }
    var command: any ParsableCommand
    do {
      command = try parse(arguments, wanted, depth: path.count - 1)
      // Help is a command, too: its run() throws the text.
      if type(of: command) != wanted { return try command.run() }
    } catch {
      throw explained(error, arguments, path)
    }
    // An error of the command is not the parser's. The parser does not know such an error, and would print the whole
    // help.
    do {
      try command.run()
    } catch let error as ValidationError {
      throw explained(error, arguments, path)
    }
  }

  /// The commands that the first words name, starting with this one. Each is a subcommand of the one before.
  private static func path(_ words: [String]) -> [any ParsableCommand.Type] {
    var path: [any ParsableCommand.Type] = [Self.self]
    for word in words {
      guard let next = subcommand(word, of: path[path.count - 1]) else { break }
      path.append(next)
    }
    return path
  }

  private static func subcommand(_ name: String, of command: any ParsableCommand.Type) -> (any ParsableCommand.Type)?
  {
    command.configuration.subcommands.first { $0.configuration.commandName == name }
  }

  /// The words in the form that the parser expects.
  private static func arguments(_ words: [String], of path: [any ParsableCommand.Type]) -> [String] {
    if path.last == Stat.self { return Stat.spelledOut(words) }
    // The parser accepts `help` as the first word only.
    let depth = path.count - 1
    guard depth > 0, words.dropFirst(depth).first == "help", !path[depth].configuration.subcommands.isEmpty else {
      return words
    }
    return ["help"] + words[..<depth] + words[(depth + 1)...]
  }

  /// Refuses an unknown word in the place of a command, or after `help`.
  private static func refuseUnknownCommand(in words: ArraySlice<String>, to path: [any ParsableCommand.Type]) throws {
    let parent = path[path.count - 1]
    let word = words.first == "help" ? words.dropFirst().first : words.first
    guard let word, !parent.configuration.subcommands.isEmpty, !word.hasPrefix("-"), word != "help",
      subcommand(word, of: parent) == nil
    else { return }
    throw Failure(
      "'\(word)' is not a command" + (path.count > 1 ? " of \(name(path))" : ""),
      hint: "\(name(path)) --help lists the commands",
      status: .usage)
  }

  private static func parse(
    _ words: [String], _ wanted: (any ParsableCommand.Type)?, depth: Int
  ) throws -> any ParsableCommand {
    // The parser of one command starts faster than the parser of all commands. Refused words are parsed again by the
    // parser of all commands, for help and errors with the full name of the command.
    func parsed(_ words: [String]) throws -> any ParsableCommand {
      if let wanted, let command = try? wanted.parseAsRoot(Array(words.dropFirst(depth))),
        type(of: command) == wanted
      {
        return command
      }
      return try parseAsRoot(words)
    }
    guard let end = words.firstIndex(of: "--"), wanted is any CommandRunner.Type else {
      return try parsed(words)
    }
    let command = try parsed(Array(words[..<end]))
    guard var first = command as? any CommandRunner else { return command }
    first.command = Array(words[(end + 1)...])
    return first
  }

  /// Converts the parser's errors: requested help, and usage errors.
  private static func explained(
    _ error: any Error, _ words: [String], _ path: [any ParsableCommand.Type]
  ) -> any Error {
    let code = exitCode(for: error)
    if code.isSuccess {
      let text = fullMessage(for: error)
      return HelpRequest(text: text.hasPrefix("#!/bin/bash") ? text + Completion.bashColons : text)
    }
    guard code == .validationFailure else { return error }
    if let unknown = unknownOption(in: words, of: path) { return unknown }
    return Failure(plain(message(for: error)), hint: "see \(name(path)) --help", status: .usage)
  }

  /// The first option that the command does not have. The parser first reports a wrong value, which may be only the
  /// value of the unknown option.
  private static func unknownOption(in words: [String], of path: [any ParsableCommand.Type]) -> Failure? {
    let help = helpMessage(for: path[path.count - 1], columns: 200)
    let known = help.split(separator: "\n").flatMap { line in
      line.hasPrefix("  -") ? line.split(separator: " ").prefix { $0.hasPrefix("-") || $0.hasPrefix("<") } : []
    }.map { $0.last == "," ? $0.dropLast() : $0 }
    let options = words.prefix { $0 != "--" }.filter { $0.hasPrefix("--") }.map { $0.prefix { $0 != "=" } }
    guard let option = options.first(where: { !known.contains($0) }) else { return nil }
    return Failure("unknown option '\(option)'", hint: "see \(name(path)) --help", status: .usage)
  }

  /// The parser's message in the form of all errors: no capital letter after the colon, no full stop.
  private static func plain(_ message: String) -> String {
    let text = message.replacing(". Please provide one of ", with: ": use one of ")
    let end = text.hasSuffix(".") && !text.hasSuffix("..") ? text.dropLast() : text[...]
    let isWord = end.dropFirst().first?.isLowercase == true
    return (isWord ? end.prefix(1).lowercased() : String(end.prefix(1))) + end.dropFirst()
  }

  /// The command as the user types it.
  private static func name(_ path: [any ParsableCommand.Type]) -> String {
    path.compactMap { $0.configuration.commandName }.joined(separator: " ")
  }
}

/// The user requested help or the version.
struct HelpRequest: Error {
  let text: String
}
