// SPDX-License-Identifier: MIT
internal import CDMABuf
import Glibc
import SystemPackage

/// A sync_file: one fence, or several, behind a descriptor that can be polled, merged and passed on.
public struct SyncFile: ~Copyable, Sendable {
  /// What the kernel tells of a sync_file.
  public struct Information: Equatable, Sendable {
    /// What whoever made it called it, or a name that the kernel made.
    public let name: UntrustedText
    /// All fences together.
    public let status: Fence.Status
    /// Each fence.
    public let fences: [Fence]
  }

  /// The descriptor.
  public let file: OpenFile

  /// Takes over a descriptor after making sure that it is a sync_file.
  ///
  /// Throws ``WrongKind`` for anything else, ``KernelError`` when it cannot be told.
  public init(_ file: consuming OpenFile) throws {
    let kind = try DescriptorKind.of(descriptor: file.descriptor.rawValue)
    guard kind == .syncFile else { throw WrongKind(subject: file.name, kind: kind, wanted: .syncFile) }
    self.init(trusting: file)
  }

  /// Takes over what the kernel has just made.
  package init(trusting file: consuming OpenFile) { self.file = file }

  /// The descriptor's number, for handing it to a command on purpose.
  public var descriptorNumber: CInt { file.descriptor.rawValue }

  /// The file's name, its fences and how far they are.
  ///
  /// Corresponds to `SYNC_IOC_FILE_INFO`.
  public func information() throws(KernelError) -> Information {
    let request = Request<sync_file_info>(.SYNC_IOC_FILE_INFO, CDMABUF_SYNC_IOC_FILE_INFO)
    var answer = sync_file_info()
    try file.ioctl(request, &answer)
    var room = Int(answer.num_fences)
    while true {
      let entries = UnsafeMutableBufferPointer<sync_fence_info>.allocate(capacity: room)
      defer { unsafe entries.deallocate() }
      unsafe entries.initialize(repeating: sync_fence_info())
      answer = sync_file_info()
      answer.num_fences = UInt32(room)
      answer.sync_fence_info = UInt64(UInt(bitPattern: entries.baseAddress))
      do throws(KernelError) {
        try file.ioctl(request, &answer)
      } catch {
        // The links of a chain can come and go; the kernel refuses when there is too little room.
        guard error.errno == .invalidArgument, room < 1 << 20 else { throw error }
        room *= 2
        continue
      }
      let name = UntrustedText(terminated: answer.name)
      var fences = unsafe entries.prefix(Int(answer.num_fences)).map { Fence($0) }
      if fences.count == 1 { fences[0].sequence = fences[0].sequence(inFileName: name) }
      return Information(name: name, status: Fence.Status(answer.status), fences: fences)
    }
  }

  /// A new sync_file with the fences of both; of each timeline the latest, and none that has signalled.
  /// `name` is cut to 31 bytes; without one the kernel makes a name.
  ///
  /// Corresponds to `SYNC_IOC_MERGE`.
  public func merged(with other: borrowing SyncFile, name: String = "") throws(KernelError) -> SyncFile {
    var argument = sync_merge_data()
    unsafe withUnsafeMutableBytes(of: &argument.name) {
      unsafe $0.copyBytes(from: SystemText.bytes(name).prefix($0.count - 1))
    }
    argument.fd2 = other.descriptorNumber
    try file.ioctl(Request(.SYNC_IOC_MERGE, CDMABUF_SYNC_IOC_MERGE), &argument)
    return SyncFile(trusting: OpenFile(OwnedDescriptor(owning: argument.fence), name: "merge of \(file.name)"))
  }

  /// Tells the drivers when the fences are wanted, in nanoseconds of ``Clock``. A hint, no more.
  ///
  /// Corresponds to `SYNC_IOC_SET_DEADLINE` (Linux 6.4). Throws `ENOTTY` before.
  public func setDeadline(_ moment: UInt64) throws(KernelError) {
    var argument = sync_set_deadline(deadline_ns: moment, pad: 0)
    try file.ioctl(Request(.SYNC_IOC_SET_DEADLINE, CDMABUF_SYNC_IOC_SET_DEADLINE), &argument)
  }
}

extension DMABuffer {
  /// A sync_file of what is pending on the buffer now: for `read` who writes, else everyone. Without
  /// anything pending it has one fence that has signalled; what comes later does not come into it.
  ///
  /// Corresponds to `DMA_BUF_IOCTL_EXPORT_SYNC_FILE` (Linux 6.0). Throws `ENOTTY` before.
  public func exportSyncFile(for direction: AccessDirection) throws(KernelError) -> SyncFile {
    var argument = dma_buf_export_sync_file(flags: UInt32(direction.rawValue), fd: -1)
    try file.ioctl(
      Request(.DMA_BUF_IOCTL_EXPORT_SYNC_FILE, CDMABUF_DMA_BUF_IOCTL_EXPORT_SYNC_FILE), &argument)
    return SyncFile(trusting: OpenFile(OwnedDescriptor(owning: argument.fd), name: "fences of \(file.name)"))
  }

  /// Makes the buffer's users wait for the fences: with `read` those who write, else everyone.
  ///
  /// Corresponds to `DMA_BUF_IOCTL_IMPORT_SYNC_FILE` (Linux 6.0). Throws `ENOTTY` before.
  public func importSyncFile(_ fences: borrowing SyncFile, for direction: AccessDirection) throws(KernelError) {
    var argument = dma_buf_import_sync_file(flags: UInt32(direction.rawValue), fd: fences.descriptorNumber)
    try file.ioctl(
      Request(.DMA_BUF_IOCTL_IMPORT_SYNC_FILE, CDMABUF_DMA_BUF_IOCTL_IMPORT_SYNC_FILE), &argument)
  }

  /// The fences that an access in this direction has to wait for now.
  public func pendingFences(for direction: AccessDirection) throws(KernelError) -> [Fence] {
    try exportSyncFile(for: direction).information().fences.filter { $0.status == .active }
  }
}
