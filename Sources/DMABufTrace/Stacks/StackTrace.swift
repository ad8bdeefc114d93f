// SPDX-License-Identifier: MIT
public import DMABuf
public import SystemPackage

/// The calls of a thread that led to a step, from the innermost on.
public struct StackTrace: Hashable, Sendable {
  /// A file that a process executes: its program, or a shared library.
  public struct Module: Hashable, Sendable {
    /// The number of the file in this trace.
    let id: Int
    /// The path in the mount namespace of the process, as `/proc/PID/maps` has it.
    public let path: UntrustedText
    /// The id that the linker gave the build; empty if none.
    public let buildID: [UInt8]

    /// The last component of the path.
    public var name: UntrustedText { path.lastComponent }

    /// Whether both are the same file.
    public static func == (one: Module, other: Module) -> Bool { one.id == other.id }

    /// Hashes the file's number.
    public func hash(into hasher: inout Hasher) { hasher.combine(id) }
  }

  /// One function.
  public struct Frame: Hashable, Sendable {
    /// `nil` if the address is in no file.
    public let module: Module?
    /// The address in the module's own numbering, which is that of `nm` and `addr2line`. Without a module, the address
    /// in the process. For all frames but the first, this is the address to which the call returns.
    public let address: UInt64
    /// Whether the address is that after a call.
    let isReturnAddress: Bool
  }

  /// Why there are no more frames.
  public enum End: Hashable, Sendable {
    /// The last frame is the first function of the thread.
    case complete
    /// The kernel recorded no stack, as for its own threads.
    case notRecorded
    /// The process ended, or executed another program, before its modules could be read.
    case processEnded
    /// The files of the process could not be read.
    case unreadable(UntrustedText, Errno)
    /// The process is outside of the pid namespace of this process, or `/proc` is that of another one.
    case otherNamespace
    /// The address of the last frame is in no file: generated code, or no code at all.
    case noModule
    /// The file of the last frame is not an ELF file for this architecture.
    case notELF
    /// The file of the last frame has no call frame information for this address.
    case noFrameInformation
    /// The call frame information of the last frame is malformed, or of an unsupported kind.
    case malformed
    /// The caller is beyond the recorded part of the stack.
    case beyondRecord
    /// There are more frames than are reported.
    case tooMany
    /// This architecture is not supported.
    case unsupported
  }

  /// The functions, from the innermost on.
  public var frames: [Frame]
  /// Why there are no more of them.
  public var end: End

  /// The most frames of a stack.
  public static let mostFrames = 64
}

extension StackTrace {
  /// A function of a module.
  public struct Symbol: Equatable, Sendable {
    /// The name in the module's table of symbols.
    public let name: UntrustedText
    /// The distance of the frame's address from the begin of the function.
    public let offset: UInt64
  }
}

extension UntrustedText {
  /// The text after the last slash.
  package var lastComponent: UntrustedText {
    UntrustedText(bytes[((bytes.lastIndex(of: UInt8(ascii: "/")) ?? -1) + 1)...])
  }
}
