// SPDX-License-Identifier: MIT
public import DMABuf

extension Census {
  /// A process's share in a buffer.
  public struct Holder: Equatable, Sendable {
    /// Process id, in the reader's pid namespace.
    public let pid: Int32
    /// Its descriptors for the buffer, ascending.
    public var descriptors: [Int32] = []
    /// How many times the buffer, or a part of it, is mapped.
    public var mappings = 0
  }

  /// One buffer. What no source tells is `nil`.
  public struct Buffer: Equatable, Sendable {
    /// Inode number: unique among the dma-bufs of a boot, never used again.
    public let inode: UInt64
    /// Size in bytes.
    public var size: UInt64?
    /// Exporter's name.
    public var exporter: UntrustedText?
    /// The name somebody gave it.
    public var name: UntrustedText?
    /// Has anybody given it a name? `nil` if that cannot be told.
    public var isNamed: Bool?
    /// References to the open file: descriptors, mappings, importers, armed polls.
    public var count: UInt64?
    /// The user who exported it.
    public var owner: UInt32?
    /// When it was exported, in nanoseconds of `CLOCK_REALTIME`.
    public var created: UInt64?
    /// Devices that are attached to it, by name, one for each attachment.
    public var devices: [UntrustedText]?
    /// The fences on it.
    public var fences: [Fence]?
    /// Processes that hold it, by pid.
    public var holders: [Holder] = []
    /// Which sources have listed it.
    public var sources: Set<Source> = []
    /// What the kernel's text can be read as in several ways, because somebody chose such a name.
    public var doubts: Set<Doubt> = []
  }

  /// What of a buffer is not certain.
  public enum Doubt: String, Sendable {
    case name, fences, devices
    /// Another buffer has the same inode number, which is possible before Linux 5.18: who holds which is unknown.
    case inode = "ino"
  }

  /// A process that holds buffers, sync_files or descriptors of syncobjs.
  public struct Process: Equatable, Sendable {
    /// Process id, in the reader's pid namespace.
    public let pid: Int32
    /// Its name (`comm`).
    public var command: UntrustedText?
    /// Its real user.
    public var user: UInt32?
    /// The control group it is in.
    public var controlGroup: ControlGroup?
    /// How many of its descriptors are sync_files.
    public var syncFiles = 0
    /// How many of its descriptors are syncobjs.
    public var syncObjects = 0
    /// How many descriptors of all kinds it has.
    public var openFiles: UInt64?
    /// How many it may have (the soft `RLIMIT_NOFILE`).
    public var openFileLimit: UInt64?
  }

  /// A fence on a buffer, as debugfs describes it.
  public struct Fence: Equatable, Sendable {
    /// What it stands for: `kernel`, `write` or `read`; `exclusive` or `shared` before Linux 5.18.
    public var usage: UntrustedText
    /// The driver that will signal it; unknown once it has signalled, on Linux 7.
    public var driver: UntrustedText?
    /// The driver's name for the queue it is in.
    public var timeline: UntrustedText?
    /// The number of that queue; told since Linux 7.
    public var context: UInt64?
    /// Its place in the queue.
    public var sequence: UInt64?
    /// Has it been reached?
    public var isSignalled: Bool
  }

  /// Where facts come from.
  public enum Source: String, CaseIterable, Sendable {
    /// `/proc/PID/{fd,fdinfo,maps}`: what processes hold.
    case procfs
    /// `/sys/kernel/dmabuf/buffers`: all buffers, where the kernel has it.
    case sysfs
    /// Iterators inside the kernel: all buffers since Linux 6.16, and what all processes hold.
    case bpf
    /// `/sys/kernel/debug/dma_buf/bufinfo`: all buffers with attachments and fences. Reading it
    /// stalls every allocation of the machine.
    case bufinfo
  }

  /// Why a source was left alone.
  public enum Omission: Sendable {
    /// Other sources were asked for.
    case notRequested
    /// Only some processes were asked for, and it cannot tell processes apart.
    case machineWide
    /// Reading it stalls the machine, and nobody asked for what it alone can tell.
    case costly
    /// Other sources tell as much for less.
    case unneeded
    /// It takes root.
    case privileged
  }

  /// What a census is to find out.
  public struct Query: Sendable {
    /// The only processes to look at; `nil` for all. Sources that tell of the whole machine are then left out.
    public var processes: [Int32]?
    /// The only sources to use; `nil` for those that answer at a reasonable price.
    public var sources: Set<Source>?
    /// Are attachments and fences wanted?
    public var wantsAttachments = false
    /// Are processes wanted that may have references which are neither descriptors nor mappings? `nil`: where a
    /// buffer has no holder.
    public var wantsReferences: Bool?
    /// Iterators that are loaded already; without them some are loaded for this census where that pays.
    public var iterators: KernelIterators?
    /// What earlier censuses have learned, for those that are taken each second or so.
    public var memory: DescriptorMemory?
    /// May programs be loaded into the kernel for this census alone?
    public var mayLoadPrograms = true
    /// How many threads walk over the processes.
    public var threads = Census.defaultThreads

    /// Everything that can be had at a reasonable price.
    public init() {}
  }
}
