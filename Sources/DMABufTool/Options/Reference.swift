// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf
import DMABufCensus
import DMABufHolding
import DMABufImage
import SystemPackage

/// A buffer, a sync_file or a syncobj as the user types it.
enum Reference: Equatable, Sendable {
  /// `NAME`: an object that is held with `--hold NAME`.
  case held(HeldName)
  /// `fd:N`: a descriptor inherited from the caller.
  case inherited(Int32)
  /// `PID:FD`: a descriptor of another process.
  case process(Int32, Int32)
  /// `ino:N`: a buffer of any process.
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

  /// Opens the buffer with a descriptor of this process.
  func open() throws -> DMABuffer { try DMABuffer(openFile()) }

  /// The image that the holder of the buffer remembers; `nil` if there is none, and for other references.
  func heldImage() throws -> ImageLayout? {
    guard case .held(let name) = self else { return nil }
    return try Holding.describe(name).image.flatMap(ImageLayout.init)
  }

  /// Opens the sync_file with a descriptor of this process.
  func openSyncFile() throws -> SyncFile { try SyncFile(openFile()) }

  /// Opens the syncobj with a descriptor of this process.
  func openSyncObject() throws -> SyncObject { try SyncObject(openFile()) }

  /// Takes a snapshot of the fences of a sync_file, of a syncobj at a point, or of those that an access to a buffer
  /// waits for.
  func openFences(for direction: AccessDirection, at point: UInt64) throws -> FenceSnapshot {
    try FenceSnapshot(openFile(), for: direction, at: point)
  }

  /// Takes the same snapshot. `since` is set to the time on ``Clock`` at which the holder of a sync_file began: its
  /// fences are at least that old.
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

  /// The buffer's inode number, determined without a new reference where possible.
  func resolveInode() throws -> UInt64 {
    switch self {
    case .inode(let inode): return inode
    case .held(let name):
      // A fetched descriptor would appear in the counts that are being measured.
      if let inode = try Holding.describe(name).inode { return inode }
      return try open().inode
    case .inherited, .process: return try open().inode
    }
  }

  /// Duplicates a buffer's descriptor from a process. A process can put another file under the number after the census,
  /// so the inode number is checked again.
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
