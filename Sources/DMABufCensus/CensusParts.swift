// SPDX-License-Identifier: MIT
public import DMABuf

extension Census {
  /// The descriptors and mappings of one process for a buffer.
  public struct Holder: Equatable, Sendable {
    /// Process id, in the reader's pid namespace.
    public let pid: Int32
    /// The process's descriptors of the buffer, ascending.
    public var descriptors: [Int32] = []
    /// The number of mappings of the buffer or of parts of it.
    public var mappings = 0
  }

  /// One buffer. A property that no source reports is `nil`.
  public struct Buffer: Equatable, Sendable {
    /// Inode number: unique among the dma-bufs of a boot, never reused.
    public let inode: UInt64
    /// Size in bytes.
    public var size: UInt64?
    /// Exporter's name.
    public var exporter: UntrustedText?
    /// The buffer's name; `nil` if it has none or if unknown.
    public var name: UntrustedText?
    /// Whether the buffer has a name; `nil` if unknown.
    public var isNamed: Bool?
    /// The reference count of the open file: descriptors, mappings, importers, armed polls.
    public var count: UInt64?
    /// The user who exported the buffer.
    public var owner: UInt32?
    /// The time of the export, in nanoseconds of `CLOCK_REALTIME`.
    public var created: UInt64?
    /// The names of attached devices, one for each attachment.
    public var devices: [UntrustedText]?
    /// The implicit fences of the buffer.
    public var fences: [Fence]?
    /// Processes that hold the buffer, sorted by pid.
    public var holders: [Holder] = []
    /// The sources that list the buffer.
    public var sources: Set<Source> = []
    /// The properties that the kernel's text leaves ambiguous, because a process chose such a name.
    public var doubts: Set<Doubt> = []
  }

  /// An uncertain property of a buffer.
  public enum Doubt: String, Sendable {
    case name, fences, devices
    /// Another buffer has the same inode number, which is possible before Linux 5.18. The holders of each are unknown.
    case inode = "ino"
  }

  /// A process that holds buffers, sync_files or descriptors of syncobjs.
  public struct Process: Equatable, Sendable {
    /// Process id, in the reader's pid namespace.
    public let pid: Int32
    /// The process's name (`comm`).
    public var command: UntrustedText?
    /// The process's real user.
    public var user: UInt32?
    /// The control group of the process.
    public var controlGroup: ControlGroup?
    /// The number of sync_files among the process's descriptors.
    public var syncFiles = 0
    /// The number of syncobjs among the process's descriptors.
    public var syncObjects = 0
    /// The number of the process's descriptors of all kinds.
    public var openFiles: UInt64?
    /// The largest number of descriptors (the soft `RLIMIT_NOFILE`).
    public var openFileLimit: UInt64?
  }

  /// A fence of a buffer, as debugfs describes it.
  public struct Fence: Equatable, Sendable {
    /// The usage: `kernel`, `write` or `read`; `exclusive` or `shared` before Linux 5.18.
    public var usage: UntrustedText
    /// The driver that signals the fence; unknown for a signalled fence on Linux 7.
    public var driver: UntrustedText?
    /// The driver's name of the timeline.
    public var timeline: UntrustedText?
    /// The number of the context; known since Linux 7.
    public var context: UInt64?
    /// The seqno in the context.
    public var sequence: UInt64?
    /// Whether the fence has signalled.
    public var isSignalled: Bool
  }

  /// A source of data.
  public enum Source: String, CaseIterable, Sendable {
    /// `/proc/PID/{fd,fdinfo,maps}`: the descriptors and mappings of processes.
    case procfs
    /// `/sys/kernel/dmabuf/buffers`: all buffers, if the kernel has this directory.
    case sysfs
    /// Iterators inside the kernel: all buffers since Linux 6.16, and the descriptors and mappings of all processes.
    case bpf
    /// `/sys/kernel/debug/dma_buf/bufinfo`: all buffers with attachments and fences. Reading it
    /// stalls every allocation of the machine.
    case bufinfo
  }

  /// The reason why a source was not read.
  public enum Omission: Sendable {
    /// Other sources were requested.
    case notRequested
    /// Only some processes were requested, and the source does not distinguish processes.
    case machineWide
    /// Reading the source stalls the machine, and no data that only this source has was requested.
    case costly
    /// Other sources provide the same data faster.
    case unneeded
    /// The source needs root.
    case privileged
  }

  /// The data that a census is to determine.
  public struct Query: Sendable {
    /// The only processes to read; `nil` for all. Sources that cover the whole machine are then not read.
    public var processes: [Int32]?
    /// The only sources to read; `nil` for all that are cheap enough.
    public var sources: Set<Source>?
    /// Whether to determine attachments and fences.
    public var wantsAttachments = false
    /// Whether to determine processes that may have references other than descriptors and mappings. `nil`: only if a
    /// buffer has no holder.
    public var wantsReferences: Bool?
    /// Iterators that are loaded already. If `nil`, iterators are loaded for this census if they are worth the time.
    public var iterators: KernelIterators?
    /// Knowledge from earlier censuses, for a census that is repeated every second or so.
    public var memory: DescriptorMemory?
    /// Whether the census may load programs into the kernel.
    public var mayLoadPrograms = true
    /// The number of threads that read the processes.
    public var threads = Census.defaultThreads

    /// Creates a query for all data that is cheap enough.
    public init() {}
  }
}
