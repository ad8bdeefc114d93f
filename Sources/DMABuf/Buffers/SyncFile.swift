// SPDX-License-Identifier: MIT
internal import CDMABuf
import Glibc
import SystemPackage

/// A sync_file: one or more fences behind a descriptor that can be polled, merged and passed.
public struct SyncFile: ~Copyable, Sendable {
  /// The information that the kernel reports about a sync_file.
  public struct Information: Equatable, Sendable {
    /// The name that the creator set, or that the kernel made.
    public let name: UntrustedText
    /// The state of all fences together.
    public let status: Fence.Status
    /// The single fences.
    public let fences: [Fence]
  }

  /// The descriptor.
  public let file: OpenFile

  /// Takes ownership of a descriptor after checking that it is a sync_file.
  ///
  /// Throws ``WrongKind`` for any other file, and ``KernelError`` when the kind cannot be determined.
  public init(_ file: consuming OpenFile) throws {
    let kind = try DescriptorKind.of(descriptor: file.descriptor.rawValue)
    guard kind == .syncFile else { throw WrongKind(subject: file.name, kind: kind, wanted: .syncFile) }
    self.init(trusting: file)
  }

  /// Takes ownership of a sync_file that the kernel has just created.
  package init(trusting file: consuming OpenFile) { self.file = file }

  /// The descriptor's number, for passing the sync_file to a command.
  public var descriptorNumber: CInt { file.descriptor.rawValue }

  /// The file's name, its fences and their states.
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
        // Links of a fence chain can appear and disappear. The kernel returns EINVAL when the array is too small.
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

  /// Creates a sync_file with the fences of both: the latest fence of each timeline, without signalled fences. `name`
  /// is truncated to 31 bytes; the kernel makes a name when `name` is empty.
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

  /// Tells the drivers the deadline of the fences, in nanoseconds of ``Clock``. A deadline is only a hint.
  ///
  /// Corresponds to `SYNC_IOC_SET_DEADLINE` (Linux 6.4). Throws `ENOTTY` on older kernels.
  public func setDeadline(_ moment: UInt64) throws(KernelError) {
    var argument = sync_set_deadline(deadline_ns: moment, pad: 0)
    try file.ioctl(Request(.SYNC_IOC_SET_DEADLINE, CDMABUF_SYNC_IOC_SET_DEADLINE), &argument)
  }
}

extension DMABuffer {
  /// Exports the pending fences of the buffer as a sync_file: for `read` the fences of writers, otherwise all. Without
  /// pending fences the sync_file has one signalled fence. The sync_file does not contain fences that are added later.
  ///
  /// Corresponds to `DMA_BUF_IOCTL_EXPORT_SYNC_FILE` (Linux 6.0). Throws `ENOTTY` on older kernels.
  public func exportSyncFile(for direction: AccessDirection) throws(KernelError) -> SyncFile {
    var argument = dma_buf_export_sync_file(flags: UInt32(direction.rawValue), fd: -1)
    try file.ioctl(
      Request(.DMA_BUF_IOCTL_EXPORT_SYNC_FILE, CDMABUF_DMA_BUF_IOCTL_EXPORT_SYNC_FILE), &argument)
    return SyncFile(trusting: OpenFile(OwnedDescriptor(owning: argument.fd), name: "fences of \(file.name)"))
  }

  /// Adds the fences to the buffer. With `read` only later writers wait for them, otherwise readers and writers.
  ///
  /// Corresponds to `DMA_BUF_IOCTL_IMPORT_SYNC_FILE` (Linux 6.0). Throws `ENOTTY` on older kernels.
  public func importSyncFile(_ fences: borrowing SyncFile, for direction: AccessDirection) throws(KernelError) {
    var argument = dma_buf_import_sync_file(flags: UInt32(direction.rawValue), fd: fences.descriptorNumber)
    try file.ioctl(
      Request(.DMA_BUF_IOCTL_IMPORT_SYNC_FILE, CDMABUF_DMA_BUF_IOCTL_IMPORT_SYNC_FILE), &argument)
  }

  /// The pending fences that an access in this direction has to wait for.
  public func pendingFences(for direction: AccessDirection) throws(KernelError) -> [Fence] {
    try exportSyncFile(for: direction).information().fences.filter { $0.status == .active }
  }
}
