// SPDX-License-Identifier: MIT
internal import CDMABuf
import DMABuf
import DMABufHost
import Glibc
import SystemPackage

/// An error of a held name, other than the kernel's errors.
public enum HolderError: Error, Equatable, Sendable {
  /// The name is in use.
  case nameTaken(HeldName)
  /// Nothing is held under the name.
  case nothingHeld(HeldName)
  /// The name's holder was started by a dmabuf with another version of the protocol.
  case otherVersion(HeldName, version: Int)
  /// The process behind the name's socket belongs to another user.
  case otherUser(HeldName)
  /// The holder's answer is malformed.
  case malformedAnswer(HeldName)

  /// The version of the protocol that this program uses.
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

/// Holds descriptors under names, in small background processes of the user.
public enum Holding {
  /// The directory of the holders' sockets of this user.
  public static var directory: String { RuntimeDirectory.path }

  /// Starts a holder. When this function returns, the name can be used.
  ///
  /// - Parameters:
  ///   - name: the name.
  ///   - kind: the kind of the object.
  ///   - descriptor: the object that the name stands for; the caller's descriptor stays open.
  ///   - companions: further descriptors to keep open, such as that of a device with the buffer attached.
  ///   - attached: a description of the companions, in one line.
  ///   - image: the layout of the image in the buffer, as text without commas.
  ///   - trigger: the action on the first companion that signals a test fence.
  ///   - after: the time after which the holder applies the trigger.
  ///   - replacing: whether to release the current holder of the name.
  /// - Returns: the socket of the new holder.
  /// - Throws: ``HolderError/nameTaken(_:)``, ``RuntimeDirectoryError``, or ``KernelError`` when the process cannot be
  ///   started.
  @discardableResult
  public static func start(
    _ name: HeldName, kind: HeldObject.Kind, descriptor: CInt, companions: [CInt] = [], attached: String = "",
    image: String? = nil, trigger: FenceTrigger? = nil, after: Duration? = nil, replacing: Bool = false
  ) throws -> SocketIdentity {
    let description = Self.description(of: descriptor, kind, attached: attached, image, trigger)
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
    // The listening socket stays open until the holder has it.
    _ = consume listener
    return identity
  }

  private static func description(
    of descriptor: CInt, _ kind: HeldObject.Kind, attached: String, _ image: String?, _ trigger: FenceTrigger?
  ) -> [UInt8] {
    let information = (try? SmallFile.read("/proc/self/fdinfo/\(descriptor)")).flatMap {
      DescriptorInformation(parsing: $0)
    }
    var status = stat()
    let isKnown = unsafe fstat(descriptor, &status) == 0 && information != nil
    return HeldObject.description(
      kind: kind, inode: isKnown ? UInt64(status.st_ino) : nil, size: information?.size, attached: attached,
      exporter: information?.exporter, trigger: trigger, image: image)
  }

  /// Creates the name's socket. The caller has the lock. A socket that a killed holder left is removed first.
  private static func take(
    _ name: HeldName, in directory: borrowing RuntimeDirectory, replacing: Bool
  ) throws -> UnixSocket {
    if let socket = try directory.socket(name) {
      do {
        let holder = try connect(name, to: socket)
        guard replacing else { throw HolderError.nameTaken(name) }
        try end(holder, name, socket)
      } catch let error where Self.isOfDead(error) {
        // The holder was killed and has left its socket.
        directory.remove(name, socket.identity)
      }
    }
    return try UnixSocket(listeningAt: directory.socketPath(name), .packets, name: "\(name)")
  }

  /// The description of a held object. The request does not duplicate any descriptor.
  public static func describe(_ name: HeldName) throws -> HeldObject {
    try asking(name, .describe).0
  }

  /// Duplicates the descriptor of a held object, and returns it with its description.
  public static func fetch(_ name: HeldName) throws -> (HeldObject, CInt) {
    let (object, descriptors) = try asking(name, .fetch)
    return (object, descriptors[0])
  }

  /// Duplicates the descriptors of a held object and of its companions, and returns them with its description.
  public static func fetchAll(_ name: HeldName) throws -> (HeldObject, [CInt]) {
    try asking(name, .fetchAll)
  }

  /// Releases a held object, which is released when this function returns. With `identity`, only the holder with this
  /// socket is released.
  public static func release(_ name: HeldName, _ identity: SocketIdentity? = nil) throws {
    try withSocket(name) { socket in
      guard identity == nil || socket.identity == identity else { throw HolderError.nothingHeld(name) }
      try end(try connect(name, to: socket), name, socket)
    }
  }

  /// Starts a holder for `/dev/null` and releases it, to probe whether descriptors can be held. The holder has exited
  /// when this function returns.
  package static func probe(as name: HeldName) throws {
    let file = try OpenFile("/dev/null", O_RDONLY)
    let socket = try start(name, kind: .buffer, descriptor: file.descriptor.rawValue)
    // The holder exits a moment after its answer, so wait for its end.
    let number = cdmabuf_pidfd_open(try describe(name).pid)
    try release(name, socket)
    guard number >= 0 else { return }
    let process = OwnedDescriptor(owning: number)
    _ = try Polling.poll(POLLIN, of: process.rawValue, on: "\(name)", deadline: Deadline(after: .seconds(2)))
  }

  /// All held objects, sorted by name. Holders that were killed are skipped. `failed` receives the holders that could
  /// not be asked.
  public static func all(failed: (HeldName, any Error) -> Void = { _, _ in }) throws -> [HeldObject] {
    var objects: [HeldObject] = []
    try each(failed: failed) { name, _ in objects.append(try describe(name)) }
    return objects
  }

  /// Releases all held objects. `failed` receives those that could not be released.
  public static func releaseAll(failed: (HeldName, any Error) -> Void) throws {
    try each(failed: failed) { try release($0, $1) }
  }

  /// Calls `body` for each name and its present socket. Names that are released meanwhile are skipped.
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

  /// All names, with their present sockets.
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

  // MARK: Requests

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

  /// Whether this is the error of a socket whose holder was killed.
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

  /// Releases the object. The contents of the holder's answer do not matter.
  private static func end(
    _ holder: borrowing UnixSocket, _ name: HeldName, _ place: borrowing HolderSocket
  ) throws {
    let answer = try ask(holder, name, .release, place)
    for descriptor in answer.descriptors { close(descriptor) }
  }

  /// Sends a request. If the holder does not know this version, the request is sent again without a version.
  private static func ask(
    _ holder: borrowing UnixSocket, _ name: HeldName, _ verb: HolderRequest.Verb, _ place: borrowing HolderSocket
  ) throws -> Answer {
    let first = try answer(of: holder, [UInt8(HolderRequest.ownVersion), verb.rawValue])
    if !first.bytes.isEmpty { return first }
    let second = try answer(of: connect(name, to: place), [verb.rawValue])
    // A holder that does not answer either request was killed meanwhile.
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
