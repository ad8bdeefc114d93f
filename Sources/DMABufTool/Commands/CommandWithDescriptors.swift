import ArgumentParser
import DMABuf
import DMABufHost
import SystemPackage

/// What stands after `--`: a command that inherits what was made.
enum CommandWithDescriptors {
  /// Runs it and ends with its exit status.
  static func run(_ arguments: [String], _ descriptors: [Int32]) throws {
    let variables = [
      "DMABUF_FDS": descriptors.map(String.init).joined(separator: ","),
      "DMABUF_FD": descriptors.count == 1 ? "\(descriptors[0])" : nil,
    ]
    let status: Int32
    do {
      status = try Command.run(arguments, variables: variables, descriptors: descriptors)
    } catch let error as KernelError {
      Diagnostics.say("\(error)", hint: nil)
      // As shells, env(1) and timeout(1) have it.
      throw CommandEnded(status: error.errno == .noSuchFileOrDirectory ? 127 : 126)
    }
    throw CommandEnded(status: status)
  }
}

/// A command with a list of words of its own, and another command after `--`: the parser has room for
/// one list only, so it gets the words before `--`.
protocol CommandBeforeAnother: ParsableCommand {
  var command: [String] { get set }
}
