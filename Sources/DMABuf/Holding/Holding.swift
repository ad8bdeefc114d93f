internal import CDMABuf
import Glibc
import SystemPackage

/// A name that is taken already.
public struct NameTaken: Error, Equatable, Sendable {
  /// The name.
  public let name: HeldName
}

/// A name under which nothing is held.
public struct NothingHeld: Error, Equatable, Sendable {
  /// The name.
  public let name: HeldName
}

/// Keeping descriptors alive under names, in small processes of the user's that stay behind.
public enum Holding {
  /// Starts a holder; when this returns, the name can be used.
  ///
  /// - Parameters:
  ///   - name: the name.
  ///   - kind: what the descriptor is.
  ///   - descriptor: what the name stands for; the caller's own stays open.
  ///   - companions: what is kept open beside it, such as the device that has it attached.
  ///   - attached: what that is, in one line.
  ///   - trigger: how the first companion makes a test fence signal.
  ///   - after: when the holder does that by itself.
  ///   - replacing: whether to release who has the name now.
  /// - Throws: ``NameTaken``, or ``KernelError`` when the runtime directory is not private or the process
  ///   cannot be started.
  public static func start(
    _ name: HeldName, kind: HeldObject.Kind, descriptor: CInt, companions: [CInt] = [], attached: String = "",
    trigger: FenceTrigger? = nil, after: Duration? = nil, replacing: Bool = false
  ) throws {
    let description = Self.description(of: descriptor, kind, attached: attached, trigger)
    let directory = try RuntimeDirectory(creating: true)
    let listener = try directory.locked {
      try take(name, in: directory, replacing: replacing)
    }
    var arguments = [CDMABUF_HOLDER, name.text, description, "\(1 + companions.count)"]
    if let trigger, let after {
      let (action, number) = trigger.action
      arguments += ["\(Deadline(after: after).nanoseconds)", "\(action)", "\(number)"]
    }
    var pointers = unsafe arguments.map { unsafe strdup($0) } + [nil]
    defer { unsafe pointers.forEach { unsafe free($0) } }
    let descriptors = [directory.descriptor, listener.descriptor, descriptor] + companions
    guard unsafe cdmabuf_stay_behind(&pointers, descriptors, descriptors.count) == 0 else {
      let error = KernelError("exec", on: "holder of \(name)")
      directory.remove(name)
      throw error
    }
  }

  private static func description(
    of descriptor: CInt, _ kind: HeldObject.Kind, attached: String, _ trigger: FenceTrigger?
  ) -> String {
    let information = (try? SmallFile.read("/proc/self/fdinfo/\(descriptor)")).flatMap {
      DescriptorInformation(parsing: $0)
    }
    var status = stat()
    let isKnown = unsafe fstat(descriptor, &status) == 0 && information != nil
    return HeldObject.description(
      kind: kind, inode: isKnown ? UInt64(status.st_ino) : nil, size: information?.size, attached: attached,
      exporter: information?.exporter, trigger: trigger)
  }

  /// Under the lock: makes the name's socket, after making sure that nobody lives behind an old one.
  private static func take(
    _ name: HeldName, in directory: borrowing RuntimeDirectory, replacing: Bool
  ) throws -> UnixSocket {
    if try directory.contains(name) {
      do {
        let holder = try connect(name, in: directory)
        guard replacing else { throw NameTaken(name: name) }
        _ = try ask(holder, name, CDMABUF_HOLDER_RELEASE)
      } catch let error as KernelError where error.errno == .connectionRefused {
        // It was killed, and left its socket.
        directory.remove(name)
      }
    }
    return try UnixSocket(listeningAt: directory.socketPath(name), .packets, name: "\(name)")
  }

  /// What is held under a name. Nothing of it is touched.
  public static func describe(_ name: HeldName) throws -> HeldObject {
    try asking(name, CDMABUF_HOLDER_DESCRIBE).0
  }

  /// The descriptor that is held under a name, and what it is.
  public static func fetch(_ name: HeldName) throws -> (HeldObject, CInt) {
    let (object, descriptors) = try asking(name, CDMABUF_HOLDER_FETCH)
    return (object, descriptors[0])
  }

  /// The descriptor that is held under a name, those of its companions, and what it is.
  public static func fetchAll(_ name: HeldName) throws -> (HeldObject, [CInt]) {
    try asking(name, CDMABUF_HOLDER_FETCH_ALL)
  }

  /// Lets go of what is held under a name; it is gone when this returns.
  public static func release(_ name: HeldName) throws {
    _ = try asking(name, CDMABUF_HOLDER_RELEASE)
  }

  /// All that is held, by name; holders that were killed are left out. `failed` is told of those that
  /// cannot be asked.
  public static func all(failed: (HeldName, any Error) -> Void = { _, _ in }) throws(KernelError) -> [HeldObject] {
    var objects: [HeldObject] = []
    for name in try names() {
      do {
        objects.append(try describe(name))
      } catch is NothingHeld {
        continue
      } catch {
        failed(name, error)
      }
    }
    return objects
  }

  private static func names() throws(KernelError) -> [HeldName] {
    do {
      return try RuntimeDirectory(creating: false).names()
    } catch  where error.errno == .noSuchFileOrDirectory {
      return []
    }
  }

  // MARK: Talking

  private static func asking(_ name: HeldName, _ request: Int) throws -> (HeldObject, [CInt]) {
    do {
      let directory = try RuntimeDirectory(creating: false)
      guard try directory.contains(name) else { throw NothingHeld(name: name) }
      return try ask(try connect(name, in: directory), name, request)
    } catch let error as KernelError
      where error.errno == .noSuchFileOrDirectory || error.errno == .connectionRefused
      || error.errno == .connectionReset
    {
      throw NothingHeld(name: name)
    }
  }

  private static var deadline: Deadline { Deadline(after: .seconds(2)) }

  private static func connect(_ name: HeldName, in directory: borrowing RuntimeDirectory) throws -> UnixSocket {
    let socket = try UnixSocket(
      connectingTo: directory.socketPath(name), .packets, name: "\(name)", deadline: deadline)
    guard try socket.peerUser() == geteuid() else {
      throw KernelError("connect", on: "\(name)", errno: .permissionDenied)
    }
    return socket
  }

  private static func ask(
    _ holder: borrowing UnixSocket, _ name: HeldName, _ request: Int
  ) throws(KernelError) -> (HeldObject, [CInt]) {
    try holder.send([UInt8(request)], deadline: deadline)
    let answer = try holder.receive(limit: HeldObject.longestDescription, deadline: deadline)
    guard let object = HeldObject(name: name, pid: try holder.peerProcess(), decoding: answer.bytes),
      isRight(answer.descriptors.count, for: request)
    else {
      for descriptor in answer.descriptors { close(descriptor) }
      // An empty answer is the end of a holder that was killed meanwhile.
      throw KernelError(
        "recvmsg", on: "\(name)", errno: answer.bytes.isEmpty ? .connectionRefused : .protocolError)
    }
    return (object, answer.descriptors)
  }

  private static func isRight(_ count: Int, for request: Int) -> Bool {
    switch request {
    case CDMABUF_HOLDER_FETCH: count == 1
    case CDMABUF_HOLDER_FETCH_ALL: count >= 1
    default: count == 0
    }
  }
}
