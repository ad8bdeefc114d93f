// SPDX-License-Identifier: MIT
import ArgumentParser
import Foundation
import Testing

@testable import DMABufTool

/// The built executable, as scripts run it.
@Suite("Command line")
struct CommandLineTests {
  static let commands = ["alloc", "map", "sync", "stat"]

  @Test("The executable is next to the tests")
  func executable() {
    #expect(Subprocess.isInstalled(Subprocess.dmabuf))
  }

  // MARK: Usage

  @Test("Examples in help are not broken on a terminal of 80 columns")
  func examples() {
    var types: [any ParsableCommand.Type] = [Root.self]
    for command in Root.configuration.subcommands { types += [command] + command.configuration.subcommands }
    for type in types {
      let help = type.helpMessage(columns: 80).split(separator: "\n")
      for line in type.configuration.discussion.split(separator: "\n") where line.hasPrefix("  ") {
        #expect(help.contains(line))
      }
    }
  }

  @Test(
    "Usage errors exit 64, name the text and print nothing on standard output",
    arguments: [
      (["alloc", "12Q"], "'12Q'"), (["alloc", "0"], "'0'"), (["alloc", "1920x1080:XXXX"], "1920x1080:XXXX"),
      (["alloc", "8M", "--from", "nowhere"], "'nowhere'"), (["alloc", "8M", "--count", "0"], "'0'"),
      (["alloc", "8M", "--name", "abcdefghijklmnopqrstuvwxyz012345"], "abcdefghijklmnopqrstuvwxyz012345"),
      (["alloc", "8M", "--nope"], "--nope"), (["alloc"], "<SIZE>"), (["map"], "<REF>"),
      (["map", "fd:x"], "'fd:x'"),
      (["map", "fd:3", "--fill", "stripes"], "'stripes'"), (["map", "fd:3", "--offset=-1"], "'-1'"),
      (["map", "fd:3", "--dump", "--checksum"], "--checksum"), (["map", "fd:3", "--timeout", "soon"], "'soon'"),
      (["sync", "fd:3", "stop"], "'stop'"), (["stat", "--by", "colour"], "'colour'"),
      (["stat", "--pid", "0"], "'0'"),
      (["stat", "--threads", "65"], "'65'"), (["stat", "every:thing"], "'every:thing'"), (["nope"], "nope"),
      (["fence-wait"], "<REF>"), (["fence-wait", "fd:x"], "'fd:x'"),
      (["fence-wait", "fd:3", "--any", "--all"], "--any"), (["fence", "create"], "--sw-sync"),
      (["fence", "create", "--sw-sync", "--after", "1s"], "--hold"),
      (["fence", "timeline", "2147483648"], "'2147483648'"), (["fence", "merge", "fd:3"], "two"),
      (["fence", "nope"], "nope"), (["bench", "allocate"], "'allocate'"), (["bench", "--size", "4K,"], "'4K,'"),
      (["bench", "--count", "1000001"], "'1000001'"), (["bench", "--json", "--csv"], "--csv"),
      (["bench", "--source", "nowhere"], "'nowhere'"), (["help", "nope"], "'nope'"),
      (["import", "fd:3", "card0"], "'card0'"), (["receive", "", "--timeout", "1s"], "path of the socket is empty"),
      (["receive", "", "--listen", "--timeout", "1s"], "path of the socket is empty"),
    ])
  func usage(_ arguments: [String], _ text: String) throws {
    let outcome = try Subprocess.run(Subprocess.dmabuf, arguments)
    #expect(outcome.status == 64)
    #expect(outcome.errors.contains(text), "\(outcome.errors)")
    #expect(outcome.output.isEmpty)
  }

  @Test("An unknown option is named even if an argument is missing, too")
  func unknownOption() throws {
    let outcome = try Subprocess.dmabuf("alloc", "--nope")
    #expect(outcome.status == 64)
    #expect(outcome.errors.contains("--nope"))
  }

  @Test(
    "Errors start with the program's name",
    arguments: [["alloc", "12Q"], ["map", "fd:x"], ["nope"], ["stat", "--nope"]])
  func prefix(_ arguments: [String]) throws {
    let lines = try Subprocess.run(Subprocess.dmabuf, arguments).errors.split(separator: "\n")
    #expect(!lines.isEmpty && lines.allSatisfy { $0.hasPrefix("dmabuf: ") })
  }

  @Test("Control characters of an argument do not reach the terminal")
  func hostileArgument() throws {
    let errors = try Subprocess.dmabuf("map", "fd:\u{1b}[31m").errors
    #expect(!errors.contains("\u{1b}"))
  }

  // MARK: Help and version

  @Test(
    "Help goes to standard output and succeeds",
    arguments: [
      ["--help"], ["-h"], ["help"], ["help", "alloc"], [],
    ] + commands.flatMap { [[$0, "--help"], [$0, "-h"]] })
  func help(_ arguments: [String]) throws {
    let outcome = try Subprocess.run(Subprocess.dmabuf, arguments)
    #expect(outcome.status == 0 && outcome.errors == "")
    #expect(outcome.output.contains("USAGE: dmabuf"))
  }

  @Test("Topics are printed within 80 columns, for any case of their letters", arguments: HelpTopic.allCases)
  func topics(_ topic: HelpTopic) throws {
    let outcome = try Subprocess.dmabuf("help", topic.rawValue.uppercased())
    #expect(outcome.status == 0)
    #expect(outcome.output == topic.text + "\n")
    #expect(outcome.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
  }

  @Test("Each command's help has examples", arguments: commands)
  func examples(_ command: String) throws {
    let output = try Subprocess.dmabuf(command, "--help").output
    #expect(output.matches(of: try! Regex("(?m)^  dmabuf \(command)")).count >= 2)
  }

  @Test(
    "The version is on a line of its own, before what is built in",
    arguments: [["--version"], ["stat", "--version"]])
  func version(_ arguments: [String]) throws {
    let outcome = try Subprocess.run(Subprocess.dmabuf, arguments)
    #expect(outcome.status == 0 && outcome.errors == "")
    let form = """
      dmabuf [0-9]+\\.[0-9]+\\.[0-9]+
      commit ([0-9a-f]{12}(, modified)?|unknown)
      architecture (x86_64|aarch64)
      using glibc [0-9.]+, libbpf [0-9]+\\.[0-9]+, libdrm, libelf [0-9]+\\.[0-9]+, libpng [0-9]+\\.[0-9]+\\.[0-9]+, \
      libutf8proc [0-9]+\\.[0-9]+\\.[0-9]+, libxxhash [0-9]+\\.[0-9]+\\.[0-9]+, libyuv [0-9]+, zlib [0-9.]+
      kernel headers [0-9]+\\.[0-9]+\\.[0-9]+
      features: bpf object, (static|dynamic)

      """
    #expect(outcome.output.wholeMatch(of: try! Regex(form)) != nil, "\(outcome.output)")
  }

  // MARK: Standard output

  static let printing = [
    ["--version"], ["--help"], ["alloc", "--help"], ["alloc", "--list"], ["alloc", "--list", "--json"],
  ]

  @Test("A reader that has closed the pipe is no error", arguments: printing)
  func brokenPipe(_ arguments: [String]) throws {
    let outcome = try Subprocess.run(Subprocess.dmabuf, arguments, to: .brokenPipe)
    #expect(outcome.status == 0 && outcome.errors == "")
  }

  @Test("A full disk is an error that names standard output", arguments: printing)
  func fullDisk(_ arguments: [String]) throws {
    let outcome = try Subprocess.run(Subprocess.dmabuf, arguments, to: .file("/dev/full"))
    #expect(outcome.status == 1)
    #expect(outcome.errors.hasPrefix("dmabuf: standard output: write: No space left on device\n"))
  }

  @Test("A standard output that is closed is an error that names it", arguments: printing)
  func closed(_ arguments: [String]) throws {
    let outcome = try Subprocess.run(Subprocess.dmabuf, arguments, to: .closed)
    #expect(outcome.status == 1)
    #expect(outcome.errors.hasPrefix("dmabuf: standard output: "), "\(outcome.errors)")
  }

  @Test("With all streams closed, the command exits with an error")
  func allClosed() throws {
    #expect(try Subprocess.shell("dmabuf --version <&- >&- 2>&-").status == 1)
  }

  // MARK: Terminals

  @Test("Headings are bold on a terminal")
  func colour() throws {
    #expect(try Subprocess.dmabuf("alloc", "--list", to: .terminal(columns: 200)).output.contains("\u{1b}[1mSOURCE"))
  }

  @Test("NO_COLOR turns colours off on a terminal")
  func noColour() throws {
    let outcome = try Subprocess.dmabuf(
      "alloc", "--list", to: .terminal(columns: 200), environment: ["NO_COLOR": "1"])
    #expect(outcome.output.hasPrefix("SOURCE"))
  }

  @Test("An empty NO_COLOR has no effect")
  func emptyNoColour() throws {
    let outcome = try Subprocess.dmabuf("alloc", "--list", to: .terminal(columns: 200), environment: ["NO_COLOR": ""])
    #expect(outcome.output.contains("\u{1b}[1m"))
  }

  @Test("Output to files has no colours")
  func plainFiles() throws {
    #expect(try !Subprocess.dmabuf("alloc", "--list").output.contains("\u{1b}"))
  }

  @Test("No line is wider than the terminal")
  func width() throws {
    let outcome = try Subprocess.dmabuf(
      "alloc", "--list", to: .terminal(columns: 30), environment: ["NO_COLOR": "1"])
    let lines = outcome.output.split(separator: "\n")
    #expect(lines.count > 1 && lines.allSatisfy { $0.count <= 30 } && lines.contains { $0.hasSuffix("…") })
  }
}
