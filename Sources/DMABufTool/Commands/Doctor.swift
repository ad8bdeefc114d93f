// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf

/// `dmabuf doctor`: reports the dma-buf facilities of this machine, who can use them, and how to get the missing ones.
struct Doctor: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Report which dma-buf facilities this machine has, and how to get the missing ones.",
    discussion: """
      Probes each facility: allocates a page, imports it into devices, duplicates a descriptor, starts a holder. \
      The exit status is 0 if this user can allocate and share buffers, else 1. The remedies match the running \
      system: Debian, Fedora, Android, or similar ones.

      EXAMPLES
        dmabuf doctor                 # what does this user have?
        dmabuf doctor --json          # for a script
        sudo -u camera dmabuf doctor  # what does another user have?
      """)

  @Flag(help: .json) var json = false

  func run() throws {
    let report = DoctorReport(Facility.all(), on: Machine.current())
    try report.print(asJSON: json)
    if !report.canShare { throw Failure.reported }
  }
}

/// The facilities and their remedies.
struct DoctorReport: Report, Encodable {
  struct Entry: Encodable {
    let name: String
    let state: Facility.State
    @Nullable var reason: String?
    /// The step that makes the facility work; `null` for a facility that works.
    @Nullable var remedy: String?
  }

  let schema = "dmabuf.doctor/1"
  let facilities: [Entry]
  let canShare: Bool

  enum CodingKeys: String, CodingKey { case schema, facilities }

  init(_ facilities: [Facility], on machine: Machine) {
    self.facilities = facilities.map {
      Entry(
        name: $0.name, state: $0.state, reason: $0.reason,
        remedy: $0.state == .works ? nil : Remedy.step(for: $0, on: machine))
    }
    canShare = facilities.contains { $0.kind == .sharing && $0.state == .works }
  }

  func text(style: Style) -> String {
    var table = Table(.init("FACILITY"), .init("STATE"), .init("REASON"))
    table.rows = facilities.map {
      [shown($0.name), $0.state.rawValue, $0.reason.map(shown) ?? "-"]
    }
    let remedies = steps.flatMap { step, names in
      let lines = style.wrap("\(names.map(shown).joined(separator: ", ")): \(step)", indent: 2)
      return lines.prefix(1) + lines.dropFirst().map { "  " + $0 }
    }
    return (table.lines(style: style) + [""] + remedies + (remedies.isEmpty ? [] : [""]) + [verdict])
      .joined(separator: "\n")
  }

  /// The steps, each listed once, with the names of the facilities that it makes work.
  private var steps: [(step: String, names: [String])] {
    var steps: [(step: String, names: [String])] = []
    for entry in facilities {
      guard let remedy = entry.remedy else { continue }
      if let index = steps.firstIndex(where: { $0.step == remedy }) {
        steps[index].names.append(entry.name)
      } else {
        steps.append((remedy, [entry.name]))
      }
    }
    return steps
  }

  private var verdict: String {
    canShare ? "This user can allocate and share buffers." : "This user cannot allocate and share buffers."
  }

  private func shown(_ text: String) -> String { UntrustedText(text.utf8).escaped.replacing("\\\\", with: "\\") }
}
