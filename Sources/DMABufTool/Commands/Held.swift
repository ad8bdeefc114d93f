// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf
import DMABufHolding
import DMABufImage

/// `dmabuf held`: lists held buffers and fences.
struct Held: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "held",
    abstract: "List held buffers and fences.",
    discussion: """
      EXAMPLES
        dmabuf held                                # names, sizes, ages
        dmabuf held --json | jq -r '.held[].name'  # for a script
      """)

  @Flag(help: .json) var json = false

  func run() throws {
    var failures: [(HeldName, any Error)] = []
    let objects = try Holding.all { failures.append(($0, $1)) }
    try HeldReport(objects, now: Clock.now).print(asJSON: json)
    for (_, error) in failures { _ = Diagnostics.report(error) }
    if !failures.isEmpty { throw Failure.reported }
  }
}

/// `dmabuf release`: releases held buffers and fences.
struct Release: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "release",
    abstract: "Release held buffers and fences.",
    discussion: """
      EXAMPLES
        dmabuf release camera  # one name
        dmabuf release --all   # all names
      """)

  @Argument(
    help: ArgumentHelp("Names of held buffers and fences.", valueName: "NAME"), completion: Completion.names,
    transform: KeepOptions.name)
  var names: [HeldName] = []

  @Flag(help: "Release all buffers and fences that this user holds.")
  var all = false

  func validate() throws {
    if all != names.isEmpty { throw ValidationError("use either names or --all") }
  }

  func run() throws {
    var hasFailed = false
    func report(_ error: any Error) {
      _ = Diagnostics.report(error)
      hasFailed = true
    }
    if all { try Holding.releaseAll { report($1) } }
    for name in names {
      do { try Holding.release(name) } catch { report(error) }
    }
    if hasFailed { throw Failure.reported }
  }
}

struct HeldReport: Report, Encodable {
  struct Entry: Encodable {
    let name: String
    let kind: String
    @Nullable var ino: UInt64?
    @Nullable var size: UInt64?
    @Nullable var exporter: UntrustedText?
    let pid: Int32
    let age: UInt64
    @Nullable var attached: String?
    @Nullable var image: ImageDescription?

    enum CodingKeys: String, CodingKey {
      case name, kind, ino, size, pid, attached, image
      case exporter = "exp_name"
      case age = "age_ns"
    }
  }

  let schema = "dmabuf.held/1"
  let held: [Entry]

  init(_ objects: [HeldObject], now: UInt64) {
    held = objects.map {
      Entry(
        name: "\($0.name)", kind: $0.kind.rawValue, ino: $0.inode, size: $0.size, exporter: $0.exporter, pid: $0.pid,
        age: now > $0.began ? now - $0.began : 0, attached: $0.attached,
        image: $0.image.flatMap(ImageLayout.init).map(ImageDescription.init))
    }
  }

  func text(style: Style) -> String {
    guard !held.isEmpty else { return "" }
    var table = Table(
      .init("NAME"), .init("KIND"), .init("INO", .right), .init("SIZE", .right), .init("EXPORTER"),
      .init("PID", .right), .init("AGE", .right), .init("ATTACHED"))
    table.rows = held.map {
      [
        $0.name, $0.kind, $0.ino.map(String.init) ?? "-", $0.size.map(Units.size) ?? "-",
        $0.exporter?.escaped ?? "-", "\($0.pid)", Units.age($0.age),
        $0.attached.map { UntrustedText($0.utf8).escaped } ?? "-",
      ]
    }
    return table.lines(style: style).joined(separator: "\n")
  }
}
