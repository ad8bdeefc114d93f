import ArgumentParser
import DMABuf
import DMABufHolding

/// A descriptor as a holder keeps it.
struct KeptDescriptor {
  let kind: HeldObject.Kind
  let number: Int32
  /// What is kept open beside it.
  var companions: [Int32] = []
  /// What that is, in one line.
  var attached = ""
  var trigger: FenceTrigger?
  /// When the holder makes the fence signal by itself.
  var after: Duration?
}

/// What a command makes and may leave behind. It owns the descriptors.
protocol Keepable: AnyObject {
  var kept: [KeptDescriptor] { get }
}

/// Keeping what a command makes beyond its end.
struct HoldOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Keep it in the background under this name, until dmabuf release.", valueName: "name"),
    transform: HoldOptions.name)
  var hold: HeldName?

  @Flag(help: "With --hold: release who has the name now.")
  var replace = false

  func validate() throws {
    if replace, hold == nil { throw ValidationError("--replace needs --hold") }
  }

  static func name(_ text: String) throws -> HeldName {
    guard let name = HeldName(text) else {
      throw ValidationError("names are a letter or digit, then up to 30 letters, digits, '.', '_' and '-'")
    }
    return name
  }

  /// The names for `count` things: the name itself, or NAME.0, NAME.1, ….
  func names(_ count: Int) throws -> [HeldName] {
    guard let hold else { return [] }
    if count == 1 { return [hold] }
    return try (0..<count).map { try Self.name("\(hold).\($0)") }
  }

  /// Holds the objects if that was asked for, and tells `report` the names. All objects are held, or none.
  func keep(_ objects: some Keepable, report: ([HeldName]) throws -> Void) throws {
    try withExtendedLifetime(objects) { try keep(objects.kept, report: report) }
  }

  private func keep(_ objects: [KeptDescriptor], report: ([HeldName]) throws -> Void) throws {
    let names = try names(objects.count)
    var held: [(HeldName, SocketIdentity)] = []
    do {
      for (name, object) in zip(names, objects) {
        let socket = try Holding.start(
          name, kind: object.kind, descriptor: object.number, companions: object.companions,
          attached: object.attached, trigger: object.trigger, after: object.after, replacing: replace)
        held.append((name, socket))
      }
      try report(names)
    } catch {
      for (name, socket) in held { try? Holding.release(name, socket) }
      throw error
    }
  }
}

/// How long what a command makes stays: until the command ends, until it is released, or as long as another
/// command runs. Beside arguments that may be many the parser has no room for that other command:
/// ``HoldOptions`` and ``CommandBeforeAnother`` are for those.
struct KeepOptions: ParsableArguments {
  @OptionGroup var holding: HoldOptions

  @Argument(parsing: .postTerminator, help: "A command to run with the descriptors.")
  var command: [String] = []

  func validate() throws {
    if holding.hold != nil, !command.isEmpty {
      throw ValidationError("--hold and a command after -- exclude each other")
    }
  }

  /// Keeps the objects as was asked for, after `report` has been told the names; ends with the command's
  /// exit status if there is one.
  func keep(_ objects: some Keepable, report: ([HeldName]) throws -> Void) throws {
    try withExtendedLifetime(objects) {
      try holding.keep(objects, report: report)
      if !command.isEmpty { try CommandWithDescriptors.run(command, objects.kept.map(\.number)) }
    }
  }
}
