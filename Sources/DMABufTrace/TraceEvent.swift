// SPDX-License-Identifier: MIT
public import DMABuf
public import SystemPackage

/// A step of a buffer or fence, at the moment when the kernel executed it.
public struct TraceEvent: Sendable {
  /// The kinds of steps. The raw value is the word in lists and JSON.
  public enum Step: String, CaseIterable, Sendable {
    /// A driver exports memory as a dma-buf.
    case export
    /// A process gets a descriptor of the buffer, from an export, dup(2) or fcntl(2).
    case fd
    /// A process sends a descriptor over a Unix socket.
    case send
    /// A process receives a descriptor over a Unix socket.
    case receive
    /// A process duplicates a descriptor of another process with pidfd_getfd(2).
    case duplicate
    /// A new process has a descriptor of the process that forked it.
    case inherit
    /// A process retains a descriptor over execve(2).
    case retain
    /// A driver looks up the buffer of a descriptor, to import it.
    case get
    /// A device attaches to the buffer.
    case attach
    /// A device detaches from the buffer.
    case detach
    /// A device pins the buffer in its place.
    case pin
    /// A device unpins the buffer.
    case unpin
    /// A device maps the buffer for DMA.
    case map
    /// A device unmaps the buffer.
    case unmap
    /// A process maps the buffer.
    case mmap
    /// A driver maps the buffer for the kernel.
    case vmap
    /// A driver removes that mapping.
    case vunmap
    /// The exporter moves or revokes the memory: importers must map the buffer again.
    case revoke
    /// The CPU begins an access (SYNC START, or a driver).
    case begin
    /// The CPU ends an access (SYNC END, or a driver).
    case end
    /// A process sets the buffer's name.
    case setName = "set-name"
    /// A process exports the fences of the buffer.
    case exportSyncFile = "export-sync-file"
    /// A process imports fences into the buffer.
    case importSyncFile = "import-sync-file"
    /// Another request, or one that was refused.
    case ioctl
    /// A process polls the buffer or sync_file.
    case poll
    /// A fence wakes the processes that poll the buffer.
    case wake
    /// A driver drops its reference.
    case put
    /// The last reference is dropped, and the memory is freed.
    case release
    /// A fence is created.
    case fenceInit = "fence-init"
    /// A driver submits the work of the fence to its device.
    case fenceEmit = "fence-emit"
    /// A waiter needs the signal of the fence.
    case fenceEnable = "fence-enable"
    /// A fence is added to the reservation object of a buffer.
    case fenceAdd = "fence-add"
    /// A waiter sets the time by which it needs the fence.
    case fenceDeadline = "fence-deadline"
    /// A fence signals, or fails.
    case fenceSignal = "fence-signal"
    /// A fence is freed.
    case fenceDestroy = "fence-destroy"
    /// A thread has waited for a fence.
    case fenceWait = "fence-wait"
    /// A thread has waited for points of syncobjs.
    case syncobjWait = "syncobj-wait"
    /// A process has started another one.
    case fork
  }

  /// A process at the time of the step.
  public struct Process: Hashable, Sendable {
    /// The process id in the tracer's pid namespace; -1 for a process outside of it.
    public var pid: Int32
    /// The thread id, or -1.
    public var tid: Int32
    /// The name of the process's first thread.
    public var command: UntrustedText

    /// A process with its ids and name.
    public init(pid: Int32, tid: Int32, command: UntrustedText) {
      (self.pid, self.tid, self.command) = (pid, tid, command)
    }
  }

  /// A buffer at the time of the step.
  public struct Buffer: Hashable, Sendable {
    /// The inode number, which `stat` and fdinfo have, too.
    public var inode: UInt64
    /// Size in bytes.
    public var size: UInt64
    /// The name that the exporter has given.
    public var exporter: UntrustedText
    /// `nil` for a buffer without a name.
    public var name: UntrustedText?
  }

  /// The identity of a fence.
  public struct Fence: Hashable, Sendable {
    /// The number of the timeline.
    public var context: UInt64
    /// The number of the fence on its timeline.
    public var seqno: UInt64
    /// `nil` until an event has named the driver.
    public var driver: UntrustedText?
    /// `nil` until an event has named the timeline.
    public var timeline: UntrustedText?
  }

  /// What happened.
  public var step: Step
  /// The end of the step, in nanoseconds of ``Clock``.
  public var time: UInt64
  /// From the call to its return, in nanoseconds; `nil` for a step that has no duration.
  public var duration: UInt64?
  /// The process that executed the step.
  public var process: Process
  /// The buffer; `nil` for a step of a fence whose buffer is unknown.
  public var buffer: Buffer?
  /// The name of the importing device.
  public var device: UntrustedText?
  /// The fence of the step; `nil` for a step without.
  public var fence: Fence?
  /// The direction of an access or of a DMA mapping.
  public var direction: Direction?
  /// The access that a fence belongs to in its reservation object.
  public var usage: Usage?
  /// What a new attachment allows.
  public var attachment: Attachment?
  /// The descriptor of `fd`, `get`, `receive`, `duplicate`, `inherit` and `retain`; segments of `map`; bytes of `mmap`; events
  /// of `poll`; time of `fence-deadline`; pid of the new process of `fork`.
  public var value: UInt64?
  /// The process that `inherit` has the descriptor from.
  public var parent: Process?
  /// The user's stack at `export`, if the trace was asked for stacks.
  public var stack: UserStack?
  /// The errno of a step, or of a fence, that failed.
  public var errno: Errno?

  /// The direction of an access. Corresponds to `enum dma_data_direction`.
  public enum Direction: UInt32, Sendable {
    case both = 0
    case toDevice = 1
    case fromDevice = 2
    case none = 3
  }

  /// Corresponds to `struct dma_buf_attach_ops`.
  public enum Attachment: UInt32, Sendable {
    /// The exporter may not move the buffer while the device has it mapped.
    case fixed = 0
    /// The exporter may move the buffer, and tells the device.
    case dynamic = 1
    /// The same, and the buffer may be in the memory of another device.
    case peerToPeer = 2
  }

  /// Corresponds to `enum dma_resv_usage`.
  public enum Usage: UInt32, Sendable {
    case kernel, write, read, bookkeep
  }
}

/// The registers of a thread and the top of its stack, to find the calls that led to a step.
public struct UserStack: Sendable {
  /// The registers in the order of DWARF for this architecture. On x86-64, number 7 is `rsp` and 16 the return address
  /// (`rip`). On arm64, 0 to 30 are `x0` to `x30`, 31 is `sp` and 32 is `pc`.
  public var registers: [UInt64]
  /// The bytes from the stack pointer on.
  public var bytes: [UInt8]
}

/// A wait of a thread for a fence.
public struct Stall: Sendable {
  /// The call that waited.
  public enum Call: Sendable {
    /// `DMA_BUF_IOCTL_SYNC` with START.
    case sync
    /// `poll(2)` and its relatives, on a buffer or a sync_file.
    case poll
    /// A wait for points of syncobjs.
    case syncobj
    /// A wait inside a driver or another system call.
    case driver
  }

  /// The call that waited.
  public var call: Call
  /// The process that waited.
  public var process: TraceEvent.Process
  /// Whether the wait has ended.
  public var hasEnded = true
  /// Whether the fence has signalled. A wait can end without, by a time limit or another file.
  public var isSignalled: Bool
  /// The end of the wait, or the present for a wait that has not ended, in nanoseconds of ``Clock``.
  public var time: UInt64
  /// Nanoseconds from the beginning to ``time``.
  public var duration: UInt64
  /// The buffer whose fence was waited for; `nil` if unknown.
  public var buffer: TraceEvent.Buffer?
  /// The fence that ended the wait, or the one that is waited for; `nil` if unknown.
  public var fence: TraceEvent.Fence?
  /// The process that created the fence, if the trace has seen this.
  public var creator: TraceEvent.Process?
  /// The process that ran when the fence signalled. In an interrupt this is any process.
  public var signaller: TraceEvent.Process?
}

/// What a trace reports: a step, or a wait that has ended.
public enum TraceRecord: Sendable {
  case event(TraceEvent)
  case stall(Stall)
}
