// SPDX-License-Identifier: MIT
import DMABuf
import DMABufHolding
import DMABufHost
import SystemPackage

/// Available resources, and a proof that buffers can be shared.
extension Facility {
  private static let littleMemory: UInt64 = 64 << 20
  private static let fewDescriptors: UInt64 = 256

  private static func mebibytes(_ bytes: UInt64) -> String { "\(bytes >> 20) MiB" }

  static func memory() -> Facility {
    let memory = MemoryInformation()
    guard let available = memory.available else {
      return Facility(.memory, "memory", .denied, "/proc/meminfo cannot be read")
    }
    let group = memoryGroupLimit()
    let least = min(available, group?.limit ?? available)
    let reason =
      "\(mebibytes(available)) are available"
      + (group.map { "; \($0.file) allows \(mebibytes($0.limit)), system heap buffers not counted" } ?? "")
    return Facility(.memory, "memory", least < littleMemory ? .denied : .works, reason)
  }

  /// The limit of this process's memory cgroup; `nil` if the cgroup has none.
  private static func memoryGroupLimit() -> (file: String, limit: UInt64)? {
    let lines = (SmallFile.text("/proc/self/cgroup") ?? "").split(scalar: "\n")
    guard let line = lines.first(where: { $0.hasPrefix("0::") }) else { return nil }
    let file = "/sys/fs/cgroup" + line.dropFirst(3) + "/memory.max"
    return SmallFile.number(file).map { (file, $0) }
  }

  static func cma() -> Facility {
    let memory = MemoryInformation()
    guard let total = memory.cmaTotal else {
      return Facility(.cma, "cma", .missing, "no memory is reserved for CMA (CmaTotal is 0)")
    }
    let free = memory.cmaFree ?? 0
    return Facility(
      .cma, "cma", free < 1 << 20 ? .denied : .works, "\(mebibytes(free)) free of \(mebibytes(total))")
  }

  static func openFiles() -> Facility {
    let most = ProcessLimits.openFiles
    return Facility(
      .openFiles, "RLIMIT_NOFILE", most < fewDescriptors ? .denied : .works,
      "this process may have \(most) descriptors")
  }

  /// Passes a buffer of any working source over a socket, and checks that the same buffer is received.
  static func sharing() -> Facility {
    Facility(.sharing, "sharing") {
      let found = try anyBuffer()
      let sockets = try UnixSocket.pair()
      try sockets.one.send([0], descriptors: [found.buffer.descriptorNumber])
      let message = try sockets.other.receive(limit: 1)
      guard let number = message.descriptors.first else {
        throw Obstacle.privileged("SCM_RIGHTS: recvmsg: \(Errno.permissionDenied)")
      }
      let received = try DMABuffer(OpenFile(OwnedDescriptor(owning: number), name: "received"))
      guard received.inode == found.buffer.inode else {
        throw Obstacle(.denied, "SCM_RIGHTS: recvmsg: \(Errno.invalidArgument)")
      }
      return "a buffer of \(found.source) was passed over a Unix socket"
    }
  }

  /// Starts a holder for `/dev/null` and releases it at once. A child process does so, and finishes even when this
  /// process is killed, so that no holder remains.
  static func holding() -> Facility {
    do {
      let process = ProcessLimits.processID
      let outcome = try ChildProcess.run(within: 5_000_000_000, finish: true) {
        do {
          guard let name = HeldName("doctor-\(process)") else { return "no name" }
          try Holding.probe(as: name)
          return "ok"
        } catch {
          return "\(error)"
        }
      }
      switch outcome {
      case .output("ok"):
        return Facility(.holding, "holding", .works, "a holder was started in \(Holding.directory)")
      case .output(let reason): return Facility(.holding, "holding", .denied, reason)
      case .ended(let signal): return Facility(.holding, "holding", .denied, "ended by signal \(signal)")
      case .timedOut: return Facility(.holding, "holding", .denied, "a holder did not start within 5 s")
      }
    } catch {
      return Facility(.holding, "holding", .denied, "\(error)")
    }
  }

  /// A buffer and the name of its source.
  private struct FoundBuffer: ~Copyable {
    let source: String
    let buffer: DMABuffer

    init(_ source: String, _ buffer: consuming DMABuffer) {
      self.source = source
      self.buffer = buffer
    }
  }

  /// Allocates a buffer from the first source that works.
  private static func anyBuffer() throws -> FoundBuffer {
    var refusal: any Error = Obstacle(.missing, "\(DMAHeap.directory): open: \(Errno.noSuchFileOrDirectory)")
    for name in (try? DMAHeap.names()) ?? [] {
      do { return FoundBuffer("heap:\(name)", try DMAHeap(name).allocate(Mapping.pageSize)) } catch {
        refusal = error
      }
    }
    do { return FoundBuffer("udmabuf", try UDMABuf().allocate(Mapping.pageSize)) } catch let error as KernelError {
      if error.errno != .noSuchFileOrDirectory { refusal = error }
    }
    for path in (try? DRMNode.primaryPaths()) ?? [] {
      if let found = try? dumbBuffer(of: path) { return found }
    }
    for path in (try? V4L2Node.paths()) ?? [] {
      if let found = try? exportedBuffer(of: path) { return found }
    }
    throw refusal
  }

  private static func dumbBuffer(of path: String) throws -> FoundBuffer {
    let node = try DRMNode(path)
    let buffer = try node.makeDumbBuffer(width: 64, height: 64, bitsPerPixel: 32)
    return FoundBuffer("drm:\(node.driver.escaped)", buffer.releaseBuffer())
  }

  /// Exports a buffer of a V4L2 node. The buffer outlives its queue.
  private static func exportedBuffer(of path: String) throws -> FoundBuffer {
    let node = try V4L2Node(path)
    guard let queue = node.queues.first(where: { !$0.isOutput }) ?? node.queues.first else {
      throw Obstacle(.missing, "the node has no queues of buffers")
    }
    try node.requestBuffers(2, .mapped, on: queue)
    return FoundBuffer("v4l2:\(node.driver.escaped)", try node.exportBuffer(0, plane: 0, on: queue))
  }
}
