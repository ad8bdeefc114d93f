// SPDX-License-Identifier: MIT
internal import CDMABuf
import DMABuf
import DMABufHost
import Glibc
import SystemPackage

/// What keeps a name from being used, where it is not the kernel's refusal.
public enum HolderError: Error, Equatable, Sendable {
  /// Something is held under the name already.
  case nameTaken(HeldName)
  /// Nothing is held under the name.
  case nothingHeld(HeldName)
  /// The name's holder was started by a dmabuf that speaks another version of the protocol.
  case otherVersion(HeldName, version: Int)
  /// The process behind the name's socket is another user's.
  case otherUser(HeldName)
  /// The answer of the name's holder makes no sense.
  case malformedAnswer(HeldName)

  /// The version of the protocol that this program speaks.
  public static let ownVersion = HolderRequest.ownVersion
}

extension HolderError: CustomStringConvertible {
  /// One line.
  public var description: String {
    switch self {
    case .nameTaken(let name): "\(name): the name is in use"
    case .nothingHeld(let name): "\(name): nothing is held under that name"
    case .otherVersion(let name, let version):
      "cannot use \(name): its holder has version \(version) of the protocol, and this dmabuf has "
        + "version \(Self.ownVersion)"
    case .otherUser(let name): "\(name): connect: \(Errno.permissionDenied)"
    case .malformedAnswer(let name): "\(name): recvmsg: \(Errno.protocolError)"
    }
  }
}

/// Keeping descriptors alive under names, in small processes of the user's that stay behind.
public enum Holding {
  /// Where the holders' sockets of this user are.
  public static var directory: String { RuntimeDirectory.path }

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
  /// - Returns: the socket of the new holder.
  /// - Throws: ``HolderError/nameTaken(_:)``, ``RuntimeDirectoryError``, or ``KernelError`` when the process cannot be
  ///   started.
  @discardableResult
  public static func start(
    _ name: HeldName, kind: HeldObject.Kind, descriptor: CInt, companions: [CInt] = [], attached: String = "",
    trigger: FenceTrigger? = nil, after: Duration? = nil, replacing: Bool = false
  ) throws -> SocketIdentity {
    let description = Self.description(of: descriptor, kind, attached: attached, trigger)
    let directory = try RuntimeDirectory(creating: true)
    var taken: SocketIdentity?
    let listener = try directory.locked {
      let listener = try take(name, in: directory, replacing: replacing)
      do {
        taken = try directory.socket(name)?.identity
      } catch {
        directory.remove(name)
        throw error
      }
      return listener
    }
    guard let identity = taken else { throw HolderError.nothingHeld(name) }
    var arguments = [Holder.processName, name.text, "\(identity.device):\(identity.inode)"].map { Array($0.utf8) }
    arguments += [description, Array("\(1 + companions.count)".utf8)]
    if let trigger, let after {
      let (action, number) = trigger.action
      arguments += ["\(Deadline(after: after).nanoseconds)", "\(action)", "\(number)"].map { Array($0.utf8) }
    }
    do throws(Errno) {
      try Holder.start(arguments, [directory.descriptor, listener.descriptor, descriptor] + companions)
    } catch {
      directory.remove(name, identity)
      throw KernelError(.exec, on: "holder of \(name)", errno: error)
    }
    // Open until the holder has it.
    _ = consume listener
    return identity
  }

  private static func description(
    of descriptor: CInt, _ kind: HeldObject.Kind, attached: String, _ trigger: FenceTrigger?
  ) -> [UInt8] {
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
    if let socket = try directory.socket(name) {
      do {
        let holder = try connect(name, to: socket)
        guard replacing else { throw HolderError.nameTaken(name) }
        try end(holder, name, socket)
      } catch let error where Self.isOfDead(error) {
        // It was killed, and left its socket.
        directory.remove(name, socket.identity)
      }
    }
    return try UnixSocket(listeningAt: directory.socketPath(name), .packets, name: "\(name)")
  }

  /// What is held under a name. Nothing of it is touched.
  public static func describe(_ name: HeldName) throws -> HeldObject {
    try asking(name, .describe).0
  }

  /// The descriptor that is held under a name, and what it is.
  public static func fetch(_ name: HeldName) throws -> (HeldObject, CInt) {
    let (object, descriptors) = try asking(name, .fetch)
    return (object, descriptors[0])
  }

  /// The descriptor that is held under a name, those of its companions, and what it is.
  public static func fetchAll(_ name: HeldName) throws -> (HeldObject, [CInt]) {
    try asking(name, .fetchAll)
  }

  /// Releases what is held under a name, if given only by the holder with this socket; it is gone when this returns.
  public static func release(_ name: HeldName, _ identity: SocketIdentity? = nil) throws {
    try withSocket(name) { socket in
      guard identity == nil || socket.identity == identity else { throw HolderError.nothingHeld(name) }
      try end(try connect(name, to: socket), name, socket)
    }
  }

  /// Starts a holder for `/dev/null` and releases it: can descriptors be held here? The holder has ended when this
  /// returns.
  package static func probe(as name: HeldName) throws {
    let file = try OpenFile("/dev/null", O_RDONLY)
    let socket = try start(name, kind: .buffer, descriptor: file.descriptor.rawValue)
    // It ends a moment after it has answered.
    let number = cdmabuf_pidfd_open(try describe(name).pid)
    try release(name, socket)
    guard number >= 0 else { return }
    let process = OwnedDescriptor(owning: number)
    _ = try Polling.poll(POLLIN, of: process.rawValue, on: "\(name)", deadline: Deadline(after: .seconds(2)))
  }

  /// All that is held, by name; holders that were killed are left out. `failed` is told of those that
  /// cannot be asked.
  public static func all(failed: (HeldName, any Error) -> Void = { _, _ in }) throws -> [HeldObject] {
    var objects: [HeldObject] = []
    try each(failed: failed) { name, _ in objects.append(try describe(name)) }
    return objects
  }

  /// Releases all that is held. `failed` is told of what is not.
  public static func releaseAll(failed: (HeldName, any Error) -> Void) throws {
    try each(failed: failed) { try release($0, $1) }
  }

  /// Names and what they stand for now; what goes meanwhile is left out.
  private static func each(
    failed: (HeldName, any Error) -> Void, _ body: (HeldName, SocketIdentity?) throws -> Void
  ) throws {
    for (name, identity) in try listed() {
      do {
        try body(name, identity)
      } catch HolderError.nothingHeld {
        continue
      } catch {
        failed(name, error)
        try Interruption.check()
      }
    }
  }

  /// All names, with the sockets that they stand for now.
  private static func listed() throws -> [(HeldName, SocketIdentity?)] {
    do {
      let directory = try RuntimeDirectory(creating: false)
      var names: [(HeldName, SocketIdentity?)] = []
      for name in try directory.names() { names.append((name, try? directory.socket(name)?.identity)) }
      return names
    } catch let error as KernelError where error.errno == .noSuchFileOrDirectory && error.subject != "/proc/self" {
      return []
    }
  }

  // MARK: Talking

  private static func withSocket<Result>(
    _ name: HeldName, _ body: (borrowing HolderSocket) throws -> Result
  ) throws -> Result {
    do {
      guard let socket = try RuntimeDirectory(creating: false).socket(name) else {
        throw HolderError.nothingHeld(name)
      }
      return try body(socket)
    } catch let error as KernelError
      where error.subject != "/proc/self"
      && [.noSuchFileOrDirectory, .connectionRefused, .connectionReset].contains(error.errno)
    {
      throw HolderError.nothingHeld(name)
    }
  }

  /// Is that what comes of a socket whose holder has been killed?
  private static func isOfDead(_ error: any Error) -> Bool {
    switch error {
    case HolderError.nothingHeld: true
    case let error as KernelError: error.errno == .connectionRefused
    default: false
    }
  }

  private static func asking(_ name: HeldName, _ verb: HolderRequest.Verb) throws -> (HeldObject, [CInt]) {
    try withSocket(name) { socket in
      let answer = try ask(try connect(name, to: socket), name, verb, socket)
      let object = HeldObject(name: name, pid: answer.process, decoding: answer.bytes, from: socket.identity)
      if let object, isRight(answer.descriptors.count, for: verb) { return (object, answer.descriptors) }
      for descriptor in answer.descriptors { close(descriptor) }
      if let version = HeldObject.version(answer.bytes), version > HolderError.ownVersion {
        throw HolderError.otherVersion(name, version: version)
      }
      throw HolderError.malformedAnswer(name)
    }
  }

  private static var deadline: Deadline { Deadline(after: .seconds(2)) }

  private static func connect(_ name: HeldName, to place: borrowing HolderSocket) throws -> UnixSocket {
    let socket = try UnixSocket(connectingTo: place.path, .packets, name: "\(name)", deadline: deadline)
    guard try socket.peerUser() == geteuid() else { throw HolderError.otherUser(name) }
    return socket
  }

  /// Releases; what a holder says to that does not matter.
  private static func end(
    _ holder: borrowing UnixSocket, _ name: HeldName, _ place: borrowing HolderSocket
  ) throws {
    let answer = try ask(holder, name, .release, place)
    for descriptor in answer.descriptors { close(descriptor) }
  }

  /// Sends a request, and again as it was before there were versions to a holder that does not know this one.
  private static func ask(
    _ holder: borrowing UnixSocket, _ name: HeldName, _ verb: HolderRequest.Verb, _ place: borrowing HolderSocket
  ) throws -> Answer {
    let first = try answer(of: holder, [UInt8(HolderRequest.ownVersion), verb.rawValue])
    if !first.bytes.isEmpty { return first }
    let second = try answer(of: connect(name, to: place), [verb.rawValue])
    // No answer either is the end of a holder that was killed meanwhile.
    guard !second.bytes.isEmpty else { throw HolderError.nothingHeld(name) }
    return second
  }

  private struct Answer {
    let bytes: [UInt8]
    let descriptors: [CInt]
    let process: Int32
  }

  private static func answer(of holder: borrowing UnixSocket, _ request: [UInt8]) throws -> Answer {
    let deadline = deadline
    let process = try holder.peerProcess()
    try holder.send(request, deadline: deadline)
    let message = try holder.receive(limit: HeldObject.longestDescription, deadline: deadline)
    return Answer(bytes: message.bytes, descriptors: message.descriptors, process: process)
  }

  private static func isRight(_ count: Int, for verb: HolderRequest.Verb) -> Bool {
    switch verb {
    case .fetch: count == 1
    case .fetchAll: count >= 1
    default: count == 0
    }
  }
}
