// SPDX-License-Identifier: MIT
internal import CDMABuf
import DMABuf
import DMABufHost
import Glibc

/// The process that holds descriptors under a name. It is this executable, started again under the name
/// `dmabuf-holder`:
///
///     dmabuf-holder NAME DEVICE:INODE DESCRIPTION COUNT [WHEN ACTION NUMBER]
///
/// DEVICE:INODE identifies its socket. Another socket in the same place does not belong to this holder. Descriptors: 3,
/// a pipe to write an `int` to when the holder serves; 4, the runtime directory; 5, the listening socket; from 6 on,
/// COUNT held descriptors: the object of the name, then its companions. At WHEN, in nanoseconds of ``Clock``, the
/// holder applies ACTION with NUMBER to the first companion.
///
/// The holder exits when it is released, on SIGTERM and similar signals, and when its socket is gone: the end of a
/// login session removes the socket. The code creates no objects, arrays or strings, because the first use of each
/// loads a megabyte of the runtime into memory.
@safe
struct Holder {
  static var processName: String { "dmabuf-holder" }
  static let mostDescriptors = Int(CDMABUF_MOST_DESCRIPTORS)

  private static let readiness: CInt = 3
  private static let directory: CInt = 4
  private static let listener: CInt = 5
  private static let object: CInt = 6
  private static let companion: CInt = 7

  /// Further clients wait until another one has gone.
  private static let mostClients = 32
  /// The time that a client has to send its request.
  private static let clientTime: UInt64 = 2_000_000_000
  /// The longest sleep while there are clients, or no descriptor is free.
  private static let shortSleep: UInt64 = 500_000_000
  /// The longest sleep otherwise. After it, the holder checks that its socket still exists.
  private static let longSleep: UInt64 = 10_000_000_000

  private let name: UnsafePointer<CChar>
  private let device: UInt64
  private let inode: UInt64
  private let description: UnsafePointer<CChar>
  private let count: Int
  /// The pending action and its time.
  private var task: (trigger: FenceTrigger, moment: UInt64)?
  /// Closed to accept one more client when no other descriptor is free; -1 while closed.
  private var spare: CInt = -1

  /// Parses the five or eight words of `main`. They are valid until the process exits. Returns `nil` for invalid words.
  init?(_ words: UnsafeBufferPointer<UnsafeMutablePointer<CChar>?>) {
    guard let name = unsafe words[1], let socket = unsafe words[2], let description = unsafe words[3],
      let count = unsafe Self.number(words[4]), (1...UInt64(Self.mostDescriptors)).contains(count)
    else { return nil }
    unsafe self.name = UnsafePointer(name)
    unsafe self.description = UnsafePointer(description)
    self.count = Int(count)
    var end: UnsafeMutablePointer<CChar>?
    device = unsafe UInt64(strtoull(socket, &end, 10))
    guard let colon = unsafe end, unsafe colon.pointee == CChar(UInt8(ascii: ":")),
      let inode = unsafe Self.number(colon + 1)
    else { return nil }
    self.inode = inode
    if words.count == 8 {
      guard count > 1, let moment = unsafe Self.number(words[5]), let action = unsafe words[6],
        let number = unsafe Self.number(words[7]).flatMap({ UInt32(exactly: $0) }),
        let trigger = unsafe FenceTrigger(action: UInt8(bitPattern: action.pointee), number)
      else { return nil }
      task = (trigger, moment)
    }
  }

  /// The number that a word consists of; `nil` for any other word.
  private static func number(_ word: UnsafeMutablePointer<CChar>?) -> UInt64? {
    guard let word = unsafe word else { return nil }
    var end: UnsafeMutablePointer<CChar>?
    let number = unsafe UInt64(strtoull(word, &end, 10))
    guard let end = unsafe end, unsafe end != word, unsafe end.pointee == 0 else { return nil }
    return number
  }

  /// Serves clients until the holder has to exit. Returns the exit status.
  mutating func run() -> CInt {
    for number in Self.readiness..<Self.object + CInt(count) where cdmabuf_fcntl(number, F_SETFD, FD_CLOEXEC) < 0 {
      return 64
    }
    // After the exec of /proc/self/exe, the kernel has named the process `exe`.
    unsafe cdmabuf_name_process(Self.processName)
    Interruption.catchEndingSignals()
    // The caller may have lowered the limit; the holder raises it to the hard limit.
    var limit = rlimit()
    let descriptors = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    if unsafe getrlimit(descriptors, &limit) == 0, limit.rlim_cur < limit.rlim_max {
      limit.rlim_cur = limit.rlim_max
      _ = unsafe setrlimit(descriptors, &limit)
    }
    spare = Self.anyDescriptor()
    // After this listen() the kernel reports this process to clients as the peer.
    let isReady =
      spare >= 0 && listen(Self.listener, 64) == 0 && cdmabuf_fcntl(Self.listener, F_SETFL, O_NONBLOCK) == 0
    var reason: CInt = isReady ? 0 : errno
    _ = unsafe write(Self.readiness, &reason, 4)
    close(Self.readiness)
    guard isReady else { return 1 }
    serve()
    return 0
  }

  private static func anyDescriptor() -> CInt {
    socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
  }

  private mutating func serve() {
    let entries = UnsafeMutablePointer<pollfd>.allocate(capacity: 1 + Self.mostClients)
    // The time at which each client times out.
    let ends = UnsafeMutablePointer<UInt64>.allocate(capacity: 1 + Self.mostClients)
    defer {
      unsafe entries.deallocate()
      unsafe ends.deallocate()
    }
    var count = 1
    while Interruption.signal == nil {
      if spare < 0 { spare = Self.anyDescriptor() }
      let accepts = count <= Self.mostClients && spare >= 0
      unsafe entries[0] = pollfd(fd: Self.listener, events: accepts ? Int16(POLLIN) : 0, revents: 0)
      let ready = unsafe cdmabuf_poll(entries, count, longestSleep(clients: count - 1))
      act()
      if ready < 0 { continue }
      if ready == 0, count == 1, !hasItsSocket { return }

      var kept = 1
      for index in 1..<count {
        let entry = unsafe entries[index]
        if entry.revents == 0, unsafe ends[index] > Clock.now {
          unsafe entries[kept] = entry
          unsafe ends[kept] = ends[index]
          kept += 1
          continue
        }
        // A client that has hung up no longer expects an answer, so its request must not have an effect.
        let isWaiting = entry.revents != 0 && entry.revents & Int16(POLLHUP) == 0
        if isWaiting, isReleased(by: entry.fd) { return }
        close(entry.fd)
      }
      count = kept
      // The arrays have room for the maximum number of clients.
      if accepts, unsafe entries[0].revents != 0, let client = accept() {
        unsafe entries[count] = pollfd(fd: client, events: Int16(POLLIN), revents: 0)
        unsafe ends[count] = Clock.now + Self.clientTime
        count += 1
      }
    }
    removeSocket()
  }

  private func longestSleep(clients: Int) -> UInt64 {
    let longest = clients == 0 && spare >= 0 ? Self.longSleep : Self.shortSleep
    guard let task else { return longest }
    let now = Clock.now
    return min(longest, task.moment - min(now, task.moment))
  }

  /// Applies the action when it is due. An error is ignored: the fence was signalled before.
  private mutating func act() {
    guard let task, Clock.now >= task.moment else { return }
    self.task = nil
    let file = OpenFile(OwnedDescriptor(owning: Self.companion), name: "companion")
    switch task.trigger {
    case .timeline(var value): _ = try? file.ioctl(Request(.SW_SYNC_IOC_INC, CDMABUF_SW_SYNC_IOC_INC), &value)
    case .vgem(let number):
      var fence = cdmabuf_vgem_fence_signal(fence: number, flags: 0)
      _ = try? file.ioctl(Request(.DRM_IOCTL_VGEM_FENCE_SIGNAL, CDMABUF_DRM_IOCTL_VGEM_FENCE_SIGNAL), &fence)
    }
    // Keep the companion open.
    _ = file.takeDescriptor().release()
  }

  // MARK: Clients

  /// Accepts the next client. If no descriptor is free, the client gets the spare one, and further clients wait until
  /// it has gone.
  private mutating func accept() -> CInt? {
    var client = cdmabuf_accept(Self.listener)
    if client < 0, errno == EMFILE || errno == ENFILE {
      close(spare)
      spare = -1
      client = cdmabuf_accept(Self.listener)
    }
    return client < 0 ? nil : client
  }

  /// Answers one request of a client of the same user. Returns whether the client released the holder. Other requests
  /// get no answer.
  private func isReleased(by client: CInt) -> Bool {
    var user: uid_t = 0
    guard unsafe cdmabuf_peer_user(client, &user) == 0, user == geteuid() else { return false }
    let request = unsafe withUnsafeTemporaryAllocation(byteCount: 3, alignment: 1) { bytes in
      let length = unsafe recv(client, bytes.baseAddress, bytes.count, 0)
      return unsafe length < 0 ? nil : HolderRequest(bytes[..<length])
    }
    switch request?.verb {
    case nil: return false
    case .describe: answer(client, descriptors: 0)
    case .fetch: answer(client, descriptors: 1)
    case .fetchAll: answer(client, descriptors: count)
    case .release:
      // Everything is released before the client receives the answer.
      removeSocket()
      for number in Self.object..<Self.object + CInt(count) { close(number) }
      answer(client, descriptors: 0)
      return true
    }
    return false
  }

  private func answer(_ client: CInt, descriptors count: Int) {
    unsafe withUnsafeTemporaryAllocation(of: CInt.self, capacity: Self.mostDescriptors) { descriptors in
      for index in 0..<count { unsafe descriptors[index] = Self.object + CInt(index) }
      _ = unsafe cdmabuf_send(client, description, strlen(description), descriptors.baseAddress, count)
    }
  }

  // MARK: The socket

  private var hasItsSocket: Bool {
    var status = stat()
    return unsafe fstatat(Self.directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0
      && UInt64(status.st_dev) == device && UInt64(status.st_ino) == inode
  }

  private func removeSocket() {
    if hasItsSocket { _ = unsafe unlinkat(Self.directory, name, 0) }
  }
}

// MARK: Starting

/// Whether this process was started as a holder.
@_cdecl("dmabuf_is_holder")
public func isHolder(_ count: CInt, _ words: UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Bool {
  guard count == 5 || count == 8, let name = unsafe words[0] else { return false }
  return unsafe strcmp(name, Holder.processName) == 0
}

/// Runs a holder process with the descriptors that it was started with. Returns the exit status.
@_cdecl("dmabuf_hold")
public func hold(_ count: CInt, _ words: UnsafePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
  guard var holder = unsafe Holder(UnsafeBufferPointer(start: words, count: Int(count))) else { return 64 }
  return holder.run()
}
