// SPDX-License-Identifier: MIT
import Foundation
import Testing

@testable import DMABufTool

/// Manual pages and completions name each command and each option that the executable itself lists.
@Suite("Documentation")
struct DocumentationTests {
  struct Command: Decodable, CustomTestStringConvertible, Sendable {
    struct Argument: Decodable, Sendable {
      struct Name: Decodable, Sendable {
        let kind: String
        let name: String
      }
      let kind: String
      let names: [Name]?
      let shouldDisplay: Bool
      let valueName: String?
    }
    let commandName: String
    let arguments: [Argument]?
    let subcommands: [Command]?

    var testDescription: String { commandName }
    /// The long options of the command itself. Every command has --help.
    var options: [String] {
      let shown = (arguments ?? []).filter(\.shouldDisplay)
      let names: [Argument.Name] = shown.flatMap { $0.names ?? [] }
      return names.filter { $0.kind == "long" }.map(\.name).filter { $0 != "help" && $0 != "version" }
    }
  }

  struct Dump: Decodable { let command: Command }

  /// The public commands except `help`, with their subcommands, such as `fence create`.
  static let commands: [Command] = {
    guard let json = try? Subprocess.dmabuf("--experimental-dump-help").output,
      let dump = try? JSONDecoder().decode(Dump.self, from: Data(json.utf8))
    else { return [] }
    return (dump.command.subcommands ?? []).filter { $0.commandName != "help" }
  }()

  static let checkout = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..")
    .standardizedFileURL

  static func text(_ path: String) -> String {
    (try? String(contentsOf: checkout.appendingPathComponent(path), encoding: .utf8)) ?? ""
  }

  static func page(_ command: Command) -> String { text("man/dmabuf-\(command.commandName).1") }

  static let completions = ["bash", "zsh", "fish"]

  static func completion(for shell: String) -> String {
    let folder = checkout.appendingPathComponent("completions")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    let file = shell == "zsh" ? "_dmabuf" : shell == "fish" ? "dmabuf.fish" : "dmabuf"
    return names.filter { $0 == file || $0 == "dmabuf.\(shell)" }.first.map { text("completions/" + $0) } ?? ""
  }

  /// Whether `word` is in `text` by itself, and not as a part of a longer one.
  static func names(_ text: String, _ word: String, after prefix: String) -> Bool {
    let pattern = prefix + NSRegularExpression.escapedPattern(for: word) + "(?![a-z0-9-])"
    return text.range(of: pattern, options: .regularExpression) != nil
  }

  /// The options of the command and of its subcommands.
  static func allOptions(_ command: Command) -> Set<String> {
    Set(command.options).union((command.subcommands ?? []).flatMap(allOptions))
  }

  @Test("The executable lists its commands")
  func commandsAreListed() {
    #expect(Set(Self.commands.map(\.commandName)).isSuperset(of: ["alloc", "map", "sync", "stat"]))
  }

  @Test("Each command has a manual page", arguments: commands)
  func page(_ command: Command) {
    #expect(!Self.page(command).isEmpty)
  }

  @Test("Each option is described in the command's manual page", arguments: commands)
  func options(_ command: Command) {
    for option in Self.allOptions(command).sorted() {
      #expect(Self.names(Self.page(command), option, after: "(?m)^\\.It .*Fl -"), "--\(option)")
    }
  }

  @Test("Each option of a manual page is one that the command has", arguments: commands)
  func noStaleOptions(_ command: Command) {
    let items = Self.page(command).split(separator: "\n").filter { $0.hasPrefix(".It ") }.joined(separator: "\n")
    let matches = items.matches(of: try! Regex("Fl -([a-z][a-z-]*)"))
    let described = Set(matches.compactMap { $0.output[1].substring.map(String.init) })
    #expect(described.subtracting(Self.allOptions(command)).subtracting(["help", "version"]) == [])
  }

  @Test("Subcommands of a command are in its manual page", arguments: commands)
  func subcommands(_ command: Command) {
    for below in (command.subcommands ?? []).map(\.commandName) {
      #expect(Self.names(Self.page(command), below, after: "(Cm|It) "), "\(below)")
    }
  }

  @Test(
    "The udev rules that doctor advises are in its manual page",
    arguments: [Remedy.rule("dma_heap", group: "video"), Remedy.udmabufRule])
  func udevRules(_ rule: String) {
    #expect(Self.text("man/dmabuf-doctor.1").contains("\n\(rule)\n"))
  }

  @Test("The change log begins with this version, or with what is not released yet")
  func changes() {
    let version = Version.text.prefix { $0 != "\n" }.replacing("dmabuf ", with: "")
    let heading = Self.text("CHANGELOG.md").split(separator: "\n").first { $0.hasPrefix("## ") }
    #expect(heading == "## \(version)" || heading == "## Unreleased")
  }

  @Test("Each command is in the main manual page", arguments: commands)
  func mainPage(_ command: Command) {
    let page = Self.text("man/dmabuf.1")
    #expect(
      Self.names(page, command.commandName, after: "Cm ") || Self.names(page, command.commandName, after: "dmabuf-"))
  }

  static let pages = ((try? FileManager.default.contentsOfDirectory(atPath: checkout.path + "/man")) ?? []).sorted()

  @Test(
    "mandoc reports nothing for a manual page",
    .enabled(if: Subprocess.isInstalled("/usr/bin/mandoc"), "needs Debian's mandoc"), arguments: pages)
  func lint(_ page: String) throws {
    let outcome = try Subprocess.run("/usr/bin/mandoc", ["-Tlint", Self.checkout.path + "/man/" + page])
    // Which other pages are installed depends on the machine.
    let complaints = outcome.output.split(separator: "\n").filter { !$0.contains("referenced manual not found") }
    #expect(complaints == [])
  }

  @Test("A manual page refers only to existing pages", arguments: pages)
  func references(_ page: String) {
    let matches = Self.text("man/" + page).matches(of: try! Regex("(?m)^\\.(?:It )?Xr (dmabuf[a-z-]*) ([17])"))
    let named = matches.map { "\($0.output[1].substring!).\($0.output[2].substring!)" }
    #expect(!named.isEmpty && Set(named).subtracting(Self.pages) == [])
  }

  @Test("Each manual page belongs to a command")
  func noStalePages() throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: Self.checkout.path + "/man")
    let pages = Set(
      names.filter { $0.hasPrefix("dmabuf-") && $0.hasSuffix(".1") }.map {
        String($0.dropFirst(7).prefix { $0 != "." })
      })
    #expect(pages == Set(Self.commands.map(\.commandName)))
  }

  @Test("Each command and option is completed", arguments: commands, completions)
  func completed(_ command: Command, _ shell: String) {
    let text = Self.completion(for: shell)
    #expect(Self.names(text, command.commandName, after: "(?<![a-z0-9-])"), "\(command.commandName)")
    for option in Self.allOptions(command).sorted() {
      #expect(Self.names(text, option, after: shell == "fish" ? "-l '?" : "--"), "--\(option)")
    }
  }

  @Test("The checked-in completions are those that the executable generates", arguments: completions)
  func generated(_ shell: String) throws {
    let generated = try Subprocess.dmabuf("--generate-completion-script", shell).output
    #expect(Self.completion(for: shell) == generated)
  }

  @Test("The picture of the targets shows those of the manifest")
  func picture() throws {
    func found(_ pattern: String, in path: String) throws -> Set<String> {
      Set(Self.text(path).matches(of: try Regex(pattern, as: (Substring, Substring).self)).map { String($0.1) })
    }
    let targets = try found(
      "\\.(?:target|executableTarget|systemLibrary)\\(\\s*name: \"([A-Za-z0-9]+)\"", in: "Package.swift")
    let drawn = try found("<title>([A-Za-z0-9]+)</title>", in: "docs/targets.svg")
    #expect(targets.count > 10 && drawn.union(["fuzz"]) == targets.union(["targets"]))
  }
}
