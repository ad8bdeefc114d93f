internal import CDMABuf
import Glibc
import SystemPackage

/// How much there is to be had, and the proof that buffers can be shared.
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

  /// What the memory cgroup of this process may use, where it has a limit.
  private static func memoryGroupLimit() -> (file: String, limit: UInt64)? {
    let lines = (SmallFile.text("/proc/self/cgroup") ?? "").split(scalar: "\n")
    guard let line = lines.first(where: { $0.hasPrefix("0::") }) else { return nil }
    let file = "/sys/fs/cgroup" + line.dropFirst(3) + "/memory.max"
    return SmallFile.number(file).map { (file, $0) }
  }

  static func contiguousMemory() -> Facility {
    let memory = MemoryInformation()
    guard let total = memory.contiguousTotal else {
      return Facility(.contiguousMemory, "cma", .missing, "no contiguous memory is set aside (CmaTotal)")
    }
    let free = memory.contiguousFree ?? 0
    return Facility(
      .contiguousMemory, "cma", free < 1 << 20 ? .denied : .works, "\(mebibytes(free)) free of \(mebibytes(total))")
  }

  static func openFiles() -> Facility {
    let most = ProcessLimits.openFiles
    return Facility(
      .openFiles, "RLIMIT_NOFILE", most < fewDescriptors ? .denied : .works,
      "this process may have \(most) descriptors")
  }

  /// A buffer from whatever source works goes through a socket and comes back as the same buffer.
  static func sharing() -> Facility {
    Facility(.sharing, "sharing") {
      let buffer = try anyBuffer()
      var sockets: [CInt] = [-1, -1]
      guard unsafe cdmabuf_socket_pair(&sockets) == 0 else { throw KernelError("socketpair", on: "AF_UNIX") }
      let sender = UnixSocket(owning: sockets[0], name: "socket")
      let receiver = UnixSocket(owning: sockets[1], name: "socket")
      try sender.send([0], descriptors: [buffer.descriptorNumber])
      let message = try receiver.receive(limit: 1)
      guard let number = message.descriptors.first else {
        throw KernelError("recvmsg", on: "SCM_RIGHTS", errno: .init(rawValue: EACCES))
      }
      let received = try DMABuffer(OpenFile(OwnedDescriptor(owning: number), name: "received"))
      guard received.inode == buffer.inode else {
        throw KernelError("recvmsg", on: "SCM_RIGHTS", errno: .invalidArgument)
      }
      return "a buffer of \(buffer.file.name) went through a Unix socket"
    }
  }

  /// A holder is started for `/dev/null` and released at once, by a child that finishes even when this process is
  /// killed, so that no holder stays.
  static func holding() -> Facility {
    do {
      let outcome = try Apart.run(within: 5_000_000_000, finish: true) {
        cdmabuf_outlive_parent()
        do {
          guard let name = HeldName("doctor-\(getpid())") else { return "no name" }
          let file = try OpenFile("/dev/null", O_RDONLY)
          let socket = try Holding.start(name, kind: .buffer, descriptor: file.descriptor.rawValue)
          // It ends a moment after it has answered, and is not to be there any more when this is over.
          let holder = cdmabuf_pidfd_open(try Holding.describe(name).pid)
          try Holding.release(name, socket)
          if holder >= 0 { _ = Raw.poll(holder, POLLIN, milliseconds: 2000) }
          return "ok"
        } catch {
          return "\(error)"
        }
      }
      switch outcome {
      case .said("ok"):
        return Facility(.holding, "holding", .works, "a holder was started in \(Holding.directory)")
      case .said(let reason): return Facility(.holding, "holding", .denied, reason)
      case .ended(let signal): return Facility(.holding, "holding", .denied, "ended by signal \(signal)")
      case .timedOut: return Facility(.holding, "holding", .denied, "a holder did not start within 5 s")
      }
    } catch {
      return Facility(.holding, "holding", .denied, "\(error)")
    }
  }

  private static func anyBuffer() throws -> DMABuffer {
    var refusal: any Error = KernelError("open", on: Heap.directory, errno: .noSuchFileOrDirectory)
    for name in (try? Heap.names()) ?? [] {
      do { return try Heap(name).allocate(Mapping.pageSize) } catch { refusal = error }
    }
    do { return try UserMemory().allocate(Mapping.pageSize) } catch let error as KernelError {
      if error.errno != .noSuchFileOrDirectory { refusal = error }
    }
    for target in ConformanceTarget.devices() {
      if let descriptor = try? Trial(on: target).buffer() {
        return try DMABuffer(OpenFile(OwnedDescriptor(owning: descriptor), name: target.label))
      }
    }
    throw refusal
  }
}
