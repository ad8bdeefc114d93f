// SPDX-License-Identifier: MIT
internal import CCensus
internal import CDMABuf
internal import CLibBPF
package import DMABuf
import Glibc
import SystemPackage

/// Iterators inside the kernel that list all buffers, all descriptors of buffers and all mappings, each in one pass and
/// without reading `/proc`. They are BPF programs that are loaded once, and run for every census.
///
/// They need BTF, and `CAP_BPF` and `CAP_PERFMON`, or root. The list of all buffers needs Linux 6.16.
///
/// Corresponds to `kernel/bpf/task_iter.c` and `kernel/bpf/dmabuf_iter.c`.
public final class KernelIterators: Sendable {
  package static let types = "/sys/kernel/btf/vmlinux"

  /// Each link keeps its program loaded.
  private let buffers: Link?
  private let descriptors: Link?
  private let mappings: Link?

  private final class Link: Sendable {
    let descriptor: OwnedDescriptor
    init(_ descriptor: consuming OwnedDescriptor) { self.descriptor = descriptor }
  }

  /// Loads the programs. Without `wantsProcesses`, only the list of all buffers is loaded.
  ///
  /// Throws `ENOENT` on `/sys/kernel/btf/vmlinux` if the kernel has no BTF, `EPERM` if this user may not load programs.
  public init(wantsProcesses: Bool = true) throws(CensusError) {
    let hasList = try CensusError.refusing { () throws(KernelError) in try Self.mentions("bpf_iter_dmabuf") }
    guard hasList || wantsProcesses else { throw .noIterator(Self.types) }
    // The kernel reports process ids of the initial pid namespace. In another namespace these ids would mean other
    // processes.
    let isInitial = try CensusError.refusing { () throws(KernelError) in try ProcessView.isInitialNamespace }
    guard isInitial else { throw .otherNamespace("/proc/self/ns/pid") }
    let links = try CensusError.refusing { () throws(KernelError) in
      try Self.load(hasList: hasList, wantsProcesses: wantsProcesses)
    }
    (buffers, descriptors, mappings) = links
  }

  private static func load(
    hasList: Bool, wantsProcesses: Bool
  ) throws(KernelError) -> (buffers: Link?, descriptors: Link?, mappings: Link?) {
    clibbpf_print_nothing()
    guard let object = unsafe bpf_object__open_mem(cdmabuf_census_object, cdmabuf_census_object_size, nil) else {
      throw KernelError(.bpf_object__open, on: "bpf")
    }
    defer { unsafe bpf_object__close(object) }
    var wanted = ["census_buffers"]
    if wantsProcesses { wanted += ["census_descriptors", "census_mappings"] }
    if !hasList { wanted.removeFirst() }
    for name in ["census_buffers", "census_descriptors", "census_mappings"] {
      let program = unsafe bpf_object__find_program_by_name(object, name)
      unsafe bpf_program__set_autoload(program, wanted.contains(name))
    }
    let result = unsafe bpf_object__load(object)
    guard result == 0 else { throw KernelError(.BPF_PROG_LOAD, on: "bpf", errno: Errno(rawValue: -result)) }
    return (
      hasList ? try unsafe link("census_buffers", of: object) : nil,
      wantsProcesses ? try unsafe link("census_descriptors", of: object) : nil,
      wantsProcesses ? try unsafe link("census_mappings", of: object) : nil
    )
  }

  /// Loads the programs for repeated censuses; `nil` if this user or this kernel does not permit it.
  public static func loadedWherePermitted() -> KernelIterators? {
    Fitness(root: "").isPermitted ? try? KernelIterators() : nil
  }

  /// Whether this kernel has the iterator over all buffers.
  ///
  /// Throws `ENOENT` on ``types`` if the kernel has no BTF.
  package static func areKnownToKernel() throws(KernelError) -> Bool { try mentions("bpf_iter__dmabuf") }

  /// Probes whether this user may load the programs, by requesting the id of the first BTF object, which needs the same
  /// privileges.
  ///
  /// Corresponds to `bpf(2)` with `BPF_BTF_GET_NEXT_ID`.
  package static func probePermission() throws(KernelError) {
    var first: UInt32 = 0
    let result = unsafe bpf_btf_get_next_id(0, &first)
    guard result < 0, Errno(rawValue: -result) != .noSuchFileOrDirectory else { return }
    throw KernelError(.bpf, on: "BPF_BTF_GET_NEXT_ID", errno: Errno(rawValue: -result))
  }

  /// Whether the iterators can list all buffers of the machine.
  public var listsBuffers: Bool { buffers != nil }
  /// Whether the iterators can list what processes hold.
  public var listsProcesses: Bool { descriptors != nil }

  /// The descriptor of a link, which keeps a program attached to its iterator, and loaded.
  private static func link(_ name: String, of object: OpaquePointer) throws(KernelError) -> Link {
    let program = unsafe bpf_object__find_program_by_name(object, name)
    guard let link = unsafe bpf_program__attach_iter(program, nil) else {
      throw KernelError(.BPF_LINK_CREATE, on: "bpf")
    }
    defer { _ = unsafe bpf_link__destroy(link) }
    return Link(try OwnedDescriptor(duplicating: unsafe bpf_link__fd(link)))
  }

  private static func mentions(_ word: String) throws(KernelError) -> Bool {
    let file = try OpenFile(types, O_RDONLY)
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 8)
    defer { unsafe chunk.deallocate() }
    var kept = 0
    while true {
      let count = try unsafe file.read(into: UnsafeMutableRawBufferPointer(rebasing: chunk[kept...]))
      if count == 0 { return false }
      if unsafe cdmabuf_find(chunk.baseAddress, kept + count, word) != nil { return true }
      let rest = min(word.utf8.count, kept + count)
      unsafe memmove(chunk.baseAddress!, chunk.baseAddress! + kept + count - rest, rest)
      kept = rest
    }
  }
}

extension KernelIterators {
  /// Whether loading the iterators is worth the time for one census.
  ///
  /// Loading needs the time of reading some thousands of descriptors in `/proc`. libbpf spends most of it on the types
  /// of the kernel. Loading is worth the time for more descriptors, and if no other source lists buffers that no process
  /// holds.
  struct Fitness {
    /// The number of descriptors from which the iterators are faster than `/proc`, even with the time to load them.
    static let worthwhileDescriptors: UInt64 = 10_000

    let isPermitted: Bool
    let isFasterForProcesses: Bool
    let isWorthLoading: Bool

    init(root: String) {
      // The programs list this machine's buffers, not those of a recorded tree.
      isPermitted = root.isEmpty && geteuid() == 0
      let isPossible = unsafe isPermitted && access(KernelIterators.types, F_OK) == 0
      isFasterForProcesses = isPossible && Self.descriptors(root: root) >= Self.worthwhileDescriptors
      let hasStatistics = unsafe access(root + SysfsStatistics.directory, F_OK) == 0
      isWorthLoading = isFasterForProcesses || !hasStatistics
    }

    /// The number of descriptors of all processes: the sizes of their directories since Linux 6.2. Before, at least the
    /// number of open files.
    private static func descriptors(root: String) -> UInt64 {
      let files = SmallFile.text("\(root)/proc/sys/fs/file-nr")?.split(scalar: "\t").first.flatMap { UInt64($0) }
      guard let proc = try? Directory(root + "/proc"), let names = try? proc.names() else { return files ?? 0 }
      var sum: UInt64 = 0
      for name in names where name.first?.isNumber == true {
        var status = stat()
        if unsafe fstatat(proc.descriptor, name + "/fd", &status, 0) == 0 { sum += UInt64(clamping: status.st_size) }
      }
      return max(sum, files ?? 0)
    }
  }
}

// MARK: Reading

extension KernelIterators {
  package func forEachBuffer(_ body: (borrowing Record) -> Void) throws(CensusError) {
    guard let link = buffers?.descriptor.rawValue else { return }
    try Self.run(link, body)
  }

  package func forEachDescriptor(_ body: (borrowing Record) -> Void) throws(CensusError) {
    guard let link = descriptors?.descriptor.rawValue else { return }
    try Self.run(link, body)
  }

  package func forEachMapping(_ body: (borrowing Record) -> Void) throws(CensusError) {
    guard let link = mappings?.descriptor.rawValue else { return }
    try Self.run(link, body)
  }

  private static func run(_ link: CInt, _ body: (borrowing Record) -> Void) throws(CensusError) {
    let number = bpf_iter_create(link)
    guard number >= 0 else {
      throw .refused(KernelError(.BPF_ITER_CREATE, on: "bpf", errno: Errno(rawValue: -number)))
    }
    let file = OpenFile(OwnedDescriptor(owning: number), name: "bpf")
    let size = MemoryLayout<cdmabuf_record>.size
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: size * 512, alignment: 8)
    defer { unsafe bytes.deallocate() }
    var kept = 0
    while true {
      try CensusError.checkInterruption()
      let space = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[kept...])
      let count = try CensusError.refusing { () throws(KernelError) in
        try unsafe file.read(into: space, retryingAgain: true)
      }
      if count == 0 { return }
      let filled = kept + count
      for offset in stride(from: 0, through: filled - size, by: size) {
        unsafe body(Record(bytes.loadUnaligned(fromByteOffset: offset, as: cdmabuf_record.self)))
      }
      kept = filled % size
      unsafe memmove(bytes.baseAddress!, bytes.baseAddress! + filled - kept, kept)
    }
  }

  /// A record that the program in the kernel wrote about one object.
  package struct Record {
    private let raw: cdmabuf_record

    init(_ raw: cdmabuf_record) { self.raw = raw }

    package var pid: Int32 { raw.pid }
    package var descriptor: Int32 { raw.fd }
    package var inode: UInt64 { raw.inode }
    var isSyncFile: Bool { raw.kind == CDMABUF_RECORD_SYNC_FILE.rawValue }
    var isSyncObject: Bool { raw.kind == CDMABUF_RECORD_SYNCOBJ.rawValue }
    var command: UntrustedText { UntrustedText(terminated: raw.command) }

    /// The buffer of the record, without holders.
    package var buffer: Census.Buffer {
      var buffer = Census.Buffer(inode: raw.inode)
      buffer.size = raw.size
      buffer.count = raw.count
      buffer.exporter = UntrustedText(terminated: raw.exporter)
      buffer.name = raw.named != 0 ? UntrustedText(terminated: raw.name) : nil
      buffer.isNamed = raw.named != 0
      buffer.owner = raw.owner
      buffer.created = raw.created
      return buffer
    }
  }
}

// MARK: Sources

/// All buffers, as listed by the kernel's iterator.
struct IteratedBuffers: MachineList {
  let iterators: KernelIterators
  let source = Census.Source.bpf

  func add(to join: inout CensusJoin) throws(CensusError) {
    var buffers: [Census.Buffer] = []
    try iterators.forEachBuffer { buffers.append($0.buffer) }
    for buffer in buffers { join.merge(buffer, from: source) }
  }

  func stillListed(_ inodes: Set<UInt64>) -> Set<UInt64> {
    var listed: Set<UInt64> = []
    do throws(CensusError) {
      try iterators.forEachBuffer { listed.insert($0.inode) }
    } catch {
      return inodes
    }
    return inodes.intersection(listed)
  }
}

/// The descriptors and mappings of processes, as listed by the kernel's iterators.
struct IteratedProcesses: CensusSource {
  let iterators: KernelIterators
  let source = Census.Source.bpf

  func add(to join: inout CensusJoin) throws(CensusError) {
    try iterators.forEachDescriptor { record in
      if record.isSyncFile {
        join.addSyncFile(record.pid)
      } else if record.isSyncObject {
        join.addSyncObject(record.pid)
      } else {
        join.add(holder: record.pid, of: record.buffer, inode: record.inode, source) {
          $0.descriptors.append(record.descriptor)
        }
      }
      join.name(record.pid, record.command)
    }
    try iterators.forEachMapping { record in
      join.add(holder: record.pid, of: record.buffer, inode: record.inode, source) { $0.mappings += 1 }
      join.name(record.pid, record.command)
    }
    join.sortHolders()
  }
}
