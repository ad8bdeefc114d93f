// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf
import DMABufHolding
import DMABufHost
import DMABufImage
import SystemPackage

/// Options to hold a command's results after it exits.
struct KeepOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Hold the objects under NAME after the command exits. Default: release them at exit.", valueName: "NAME"),
    transform: KeepOptions.name)
  var hold: HeldName?

  @Flag(help: "Release the current holder of NAME first. Needs --hold.")
  var replace = false

  func validate() throws {
    if replace, hold == nil { throw ValidationError("--replace needs --hold") }
  }

  static func name(_ text: String) throws -> HeldName {
    guard let name = HeldName(text) else {
      throw ValidationError("a name is a letter or digit, followed by up to 30 letters, digits, '.', '_' and '-'")
    }
    return name
  }
}

/// A command that can run another one, whose words follow `--`. The parser has room for one list of words, so it gets
/// only the words before `--`.
protocol CommandRunner: ParsableCommand {
  var command: [String] { get set }
}

/// A command that exports or allocates. Its results live until it exits, until `dmabuf release`, or until the command
/// after `--` exits.
protocol CommandBeforeAnother: CommandRunner {
  var keeping: KeepOptions { get }
  var json: Bool { get }
}

extension CommandBeforeAnother {
  /// Refuses --hold together with a command.
  func checkKeeping() throws {
    if keeping.hold != nil, !command.isEmpty {
      throw ValidationError("--hold and a command after -- exclude each other")
    }
  }

  /// Holds the objects if requested, and reports them with the names they are held under. If one cannot be held, none
  /// is. If a command inherits the objects, exits with that command's exit status: standard output belongs to that
  /// command.
  func keep<Element: Keepable & ~Copyable>(
    _ objects: Kept<Element>, report: ([HeldName]) throws -> some Report
  ) throws {
    defer { withExtendedLifetime(objects) {} }
    var held: [(HeldName, SocketIdentity)] = []
    do {
      for (name, object) in zip(try names(objects.descriptors.count), objects.descriptors) {
        let socket = try Holding.start(
          name, kind: object.kind, descriptor: object.number, companions: object.companions,
          attached: object.attached, image: object.image?.description, trigger: object.trigger, after: object.after,
          replacing: keeping.replace)
        held.append((name, socket))
      }
      if command.isEmpty || json { try report(held.map(\.0)).print(asJSON: json) }
    } catch {
      for (name, socket) in held { try? Holding.release(name, socket) }
      throw error
    }
    if !command.isEmpty { try run(objects.numbers) }
  }

  /// The names of `count` objects: the name itself, or NAME.0, NAME.1, ….
  private func names(_ count: Int) throws -> [HeldName] {
    guard let hold = keeping.hold else { return [] }
    return count == 1 ? [hold] : try (0..<count).map { try KeepOptions.name("\(hold).\($0)") }
  }

  /// Runs the command with these descriptors and exits with its exit status.
  private func run(_ descriptors: [CInt]) throws {
    let variables = [
      "DMABUF_FDS": descriptors.map(String.init).joined(separator: ","),
      "DMABUF_FD": descriptors.count == 1 ? "\(descriptors[0])" : nil,
    ]
    let status: CInt
    do {
      status = try Command.run(command, variables: variables, descriptors: descriptors)
    } catch let error as KernelError {
      Diagnostics.say("\(error)", hint: nil)
      // The same exit statuses as those of shells, env(1) and timeout(1).
      throw CommandEnded(status: error.errno == .noSuchFileOrDirectory ? 127 : 126)
    }
    throw CommandEnded(status: status)
  }
}
