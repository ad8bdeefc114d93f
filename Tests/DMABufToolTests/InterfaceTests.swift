// SPDX-License-Identifier: MIT
import Foundation
import Testing

@testable import DMABufTool

/// docs/design/interface.md lists the options and the headings of the executable, and no others.
@Suite("Interface")
struct InterfaceTests {
  typealias Command = DocumentationTests.Command

  /// An option of a command with the kind of its value: `alloc --count N`.
  static let options: Set<String> = {
    func all(_ commands: [Command], below path: String) -> [String] {
      commands.filter { $0.commandName != "help" }.flatMap { command in
        let path = path + command.commandName
        let own = (command.arguments ?? []).filter { $0.kind != "positional" && $0.shouldDisplay }.flatMap {
          argument in
          (argument.names ?? []).filter { $0.kind == "long" && $0.name != "help" && $0.name != "version" }.map {
            "\(path) --\($0.name) \(argument.kind == "option" ? argument.valueName ?? "?" : "-")"
          }
        }
        return own + all(command.subcommands ?? [], below: path + " ")
      }
    }
    return Set(all(DocumentationTests.commands, below: ""))
  }()

  static let commands = Set(options.map { $0.components(separatedBy: " --")[0] })

  /// The rows of the table below a heading, cell by cell, without the head of the table.
  static func rows(below heading: String) -> [[String]] {
    let sections = DocumentationTests.text("docs/design/interface.md").components(separatedBy: "\n## ")
    guard let section = sections.first(where: { $0.hasPrefix(heading + "\n") }) else { return [] }
    let lines = section.split(separator: "\n").filter { $0.hasPrefix("|") }.dropFirst(2)
    return lines.map { line in
      line.replacing("\\|", with: "\u{1}").split(separator: "|").map {
        $0.trimmingCharacters(in: .whitespaces).replacing("\u{1}", with: "|")
      }
    }
  }

  static func words(in cell: String) -> [String] {
    cell.split(separator: "`").enumerated().filter { $0.offset % 2 == (cell.hasPrefix("`") ? 0 : 1) }
      .map { String($0.element) }
  }

  @Test("The table of options has each option of each command, with the kind of its value")
  func options() {
    let rows = Self.rows(below: "Options")
    let commandsOf = Dictionary(rows.map { (Self.words(in: $0[0])[0], $0[1]) }) { first, _ in first }
    func commands(_ cell: String) -> [String] {
      if let other = Self.words(in: cell).first, cell.hasPrefix("as ") { return commands(commandsOf[other] ?? "") }
      let names = { (list: Substring) in list.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) } }
      guard let exceptions = cell.wholeMatch(of: /all but (.*)/)?.1 else { return names(cell[...]) }
      return Self.commands.subtracting(names(exceptions)).sorted()
    }
    let listed = rows.flatMap { row in
      commands(row[1]).map { "\($0) \(Self.words(in: row[0])[0]) \(Self.words(in: row[3]).first ?? "-")" }
    }
    #expect(Self.options.subtracting(listed).sorted() == [], "options that the table lacks")
    #expect(Set(listed).subtracting(Self.options).sorted() == [], "options that only the table has")
  }

  @Test("The table of headings has each heading of the tables that the sources print")
  func headings() throws {
    let folder = DocumentationTests.checkout.appendingPathComponent("Sources/DMABufTool")
    let files = try #require(FileManager.default.enumerator(atPath: folder.path)).compactMap { $0 as? String }
    let sources = files.filter { $0.hasSuffix(".swift") }.map { DocumentationTests.text("Sources/DMABufTool/" + $0) }
    let pattern = /\.(?:init\(|(?:number|text)\(\.\w+, )"([A-Z][A-Z0-9_ ]*)"/
    let printed = Set(sources.flatMap { $0.matches(of: pattern).map { String($0.1) } })
    let listed = Set(Self.rows(below: "Column headings").flatMap { Self.words(in: $0[0]) })
    #expect(printed.subtracting(listed).sorted() == [], "headings that the table lacks")
    #expect(listed.subtracting(printed).sorted() == [], "headings that only the table has")
  }
}
