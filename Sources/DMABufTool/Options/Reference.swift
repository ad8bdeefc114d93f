// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf
import DMABufCensus
import DMABufHolding
import SystemPackage

/// How a user points at a buffer, a sync_file or a syncobj.
enum Reference: Equatable, Sendable {
  /// `NAME`: what `--hold NAME` keeps.
  case held(HeldName)
  /// `fd:N`: a descriptor inherited from the caller.
  case inherited(Int32)
  /// `PID:FD`: a descriptor of another process.
  case process(Int32, Int32)
  /// `ino:N`: whoever has it.
  case inode(UInt64)

  init(_ text: String) throws {
    if let name = HeldName(text) {
      self = .held(name)
      return
    }
    let parts = text.split(scalar: ":", omittingEmptySubsequences: false)
    if parts.count == 2, let number = Int32(parts[1]), number >= 0 {
      if parts[0] == "fd" {
        self = .inherited(number)
        return
      }
      if let pid = Int32(parts[0]), pid > 0 {
        self = .process(pid, number)
        return
      }
    }
    if parts.count == 2, parts[0] == "ino", let inode = UInt64(parts[1]) {
      self = .inode(inode)
      return
    }
    throw ValidationError("a reference is a held NAME, fd:N, PID:FD or ino:N")
  }

  /// A descriptor of our own for the buffer.
  func open() throws -> DMABuffer { try DMABuffer(openFile()) }

  /// A descriptor of our own for the sync_file.
  func openSyncFile() throws -> SyncFile { try SyncFile(openFile()) }

  /// A descriptor of our own for the syncobj.
  func openSyncObject() throws -> SyncObject { try SyncObject(openFile()) }

  /// The fences of a sync_file or of a syncobj at a point, or those that an access to a buffer has to wait for.
  func openFences(for direction: AccessDirection, at point: UInt64) throws -> FenceSnapshot {
    try FenceSnapshot(openFile(), for: direction, at: point)
  }

  /// The same. `since` is the time on ``Clock`` since when a sync_file is held: its fences are no younger than that.
  func openFences(for direction: AccessDirection, at point: UInt64, since: inout UInt64?) throws -> FenceSnapshot {
    since = nil
    guard case .held(let name) = self else { return try openFences(for: direction, at: point) }
    let (object, descriptor) = try Holding.fetch(name)
    let file = OpenFile(OwnedDescriptor(owning: descriptor), name: description)
    if object.kind == .syncFile { since = object.began }
    return try FenceSnapshot(file, for: direction, at: point)
  }

  private func openFile() throws -> OpenFile {
    switch self {
    case .held(let name):
      return try OpenFile(OwnedDescriptor(owning: Holding.fetch(name).1), name: description)
    case .inherited(let number):
      return try OpenFile(OwnedDescriptor(duplicating: number), name: description)
    case .process(let pid, let number):
      return try OpenFile(OwnedDescriptor(takenFrom: pid, number), name: description)
    case .inode(let inode):
      return try openBuffer(inode)
    }
  }

  /// The buffer's inode number, found without taking a reference where that is possible.
  func resolveInode() throws -> UInt64 {
    switch self {
    case .inode(let inode): return inode
    case .held(let name):
      // Asking for the descriptor would show up in what is counted.
      if let inode = try Holding.describe(name).inode { return inode }
      return try open().inode
    case .inherited, .process: return try open().inode
    }
  }

  /// Takes the buffer from a process that has a descriptor for it. Between the census and the taking, a process can
  /// put another file under the number, so what was taken is compared with what was asked for.
  private func openBuffer(_ inode: UInt64) throws -> OpenFile {
    let census = Census()
    guard let buffer = census.buffers.first(where: { $0.inode == inode }) else {
      throw Failure(
        "\(self): no process that can be read holds this buffer",
        hint: census.refused.isEmpty
          ? "dmabuf stat lists the buffers of this machine" : Advice.unreadable(census.refused))
    }
    var refusal: KernelError?
    var isChanged = false
    for holder in buffer.holders {
      for number in holder.descriptors {
        do throws(KernelError) {
          let file = try OpenFile(OwnedDescriptor(takenFrom: holder.pid, number), name: description)
          if try file.isBuffer(inode: inode) { return file }
          isChanged = true
        } catch {
          refusal = refusal ?? error
        }
      }
    }
    if isChanged {
      throw Failure("cannot open \(self): its holders have closed the buffer, or reused its descriptor")
    }
    if let refusal { throw refusal }
    throw Failure(
      "cannot open \(self): processes have mappings of the buffer, but no descriptor",
      hint: "a mapping cannot be duplicated; dmabuf stat \(self) lists the processes")
  }
}

extension Reference: CustomStringConvertible {
  var description: String {
    switch self {
    case .held(let name): "\(name)"
    case .inherited(let number): "fd:\(number)"
    case .process(let pid, let number): "\(pid):\(number)"
    case .inode(let inode): "ino:\(inode)"
    }
  }
}
