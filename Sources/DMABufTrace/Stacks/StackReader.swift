// SPDX-License-Identifier: MIT
internal import CDMABuf
import DMABuf
import Glibc
import SystemPackage

/// Turns recorded stacks into the calls that led to steps.
///
/// The modules of a process are found in `/proc`, so a stack has to be read soon after its event. Modules stay open for
/// later stacks and for the names of functions. No other file is read, such as separate debugging information.
@safe public final class StackReader {
  /// The most modules that are open at a time.
  private static let mostModules = 256
  private static let mostRows = 1 << 12

  private struct RowKey: Hashable {
    let module: Int
    let address: UInt64
  }

  private final class LoadedModule {
    let reference: StackTrace.Module
    let file: ModuleFile
    let elf: ELFFile?
    let device: UInt64
    let inode: UInt64
    lazy var information = elf.flatMap { FrameInformation($0) }

    init(
      _ reference: StackTrace.Module, _ file: ModuleFile, _ elf: ELFFile?, device: UInt64, inode: UInt64
    ) {
      (self.reference, self.file, self.elf, self.device, self.inode) = (reference, file, elf, device, inode)
    }
  }

  /// The mappings of a process at a time.
  private struct Snapshot {
    let time: UInt64
    let code: MappedCode
    var modules: [UInt64: LoadedModule] = [:]
  }

  private let architecture = Architecture.current
  private var snapshots: [Int32: Snapshot] = [:]
  private var modules: [ModuleFile.Identity: LoadedModule] = [:]
  /// The same modules, by their id.
  private var loaded: [LoadedModule] = []
  private var rows: [RowKey: FrameRow] = [:]
  private let knowsProcesses = StackReader.knowsProcesses

  /// Creates a reader that knows no modules yet.
  public init() {}

  /// The calls that led to `event`.
  public func trace(of event: TraceEvent) -> StackTrace {
    guard let stack = event.stack else { return StackTrace(frames: [], end: .notRecorded) }
    guard let architecture else { return StackTrace(frames: [], end: .unsupported) }
    var unwinder = Unwinder(stack, architecture)
    let raw = StackTrace.Frame(module: nil, address: unwinder.programCounter, isReturnAddress: false)
    do throws(Failure) {
      guard knowsProcesses, event.process.pid > 0 else { throw Failure(.otherNamespace) }
      let pid = event.process.pid
      var snapshot = try snapshot(of: event, stackPointer: unwinder.stackPointer)
      defer { snapshots[pid] = snapshot }
      var frames: [StackTrace.Frame] = []
      let end = unwind(&unwinder, pid, &snapshot, &frames)
      return StackTrace(frames: frames, end: end)
    } catch {
      return StackTrace(frames: [raw], end: error.end)
    }
  }

  /// Forgets the mappings of processes. To be called after the events of a moment.
  public func endMoment() {
    snapshots = [:]
    for module in loaded { module.file.forget() }
  }

  private func unwind(
    _ unwinder: inout Unwinder, _ pid: Int32, _ snapshot: inout Snapshot, _ frames: inout [StackTrace.Frame]
  ) -> StackTrace.End {
    while true {
      if frames.count == StackTrace.mostFrames { return .tooMany }
      let address = unwinder.lookupAddress
      guard let region = snapshot.code.region(at: address), region.isFile else {
        frames.append(frame(nil, unwinder.programCounter, unwinder))
        return .noModule
      }
      do throws(Failure) {
        let module = try module(of: region, pid, &snapshot)
        let offset = address - region.start &+ region.offset
        guard let elf = module.elf, let place = elf.address(ofFileOffset: offset) else {
          frames.append(frame(module.reference, offset, unwinder))
          throw Failure(.notELF)
        }
        frames.append(frame(module.reference, place &+ (unwinder.programCounter &- address), unwinder))
        guard let row = try row(for: place, in: module) else { throw Failure(.noFrameInformation) }
        if try !step(&unwinder, row) { return .complete }
      } catch {
        return error.end
      }
    }
  }

  private func frame(_ module: StackTrace.Module?, _ address: UInt64, _ unwinder: Unwinder) -> StackTrace.Frame {
    StackTrace.Frame(module: module, address: address, isReturnAddress: unwinder.isReturnAddress)
  }

  private func step(_ unwinder: inout Unwinder, _ row: FrameRow) throws(Failure) -> Bool {
    do throws(Unwinder.Obstacle) {
      return try unwinder.step(row)
    } catch {
      throw Failure(error == .notRecorded ? .beyondRecord : .malformed)
    }
  }

  private func row(for address: UInt64, in module: LoadedModule) throws(Failure) -> FrameRow? {
    let key = RowKey(module: module.reference.id, address: address)
    if let row = rows[key] { return row }
    guard let information = module.information else { return nil }
    do throws(Malformed) {
      let row = try information.row(for: address)
      if rows.count >= Self.mostRows { rows = [:] }
      rows[key] = row
      return row
    } catch {
      throw Failure(.malformed)
    }
  }

  private struct Failure: Error {
    let end: StackTrace.End
    init(_ end: StackTrace.End) { self.end = end }
  }

  // MARK: Processes

  /// The mappings of the process of an event. They are read once for all events of a moment.
  private func snapshot(of event: TraceEvent, stackPointer: UInt64) throws(Failure) -> Snapshot {
    let pid = event.process.pid
    if let known = snapshots[pid], event.time <= known.time, known.code.contains(stackPointer) { return known }
    let now = Clock.now
    do throws(KernelError) {
      let directory = try Directory("/proc/\(pid)")
      let start = try Self.start(in: directory)
      var text = try OpenFile("maps", in: directory, O_RDONLY).contents()
      // The first thread has ended, but others have not.
      if text.isEmpty { text = try OpenFile("task/\(event.process.tid)/maps", in: directory, O_RDONLY).contents() }
      let code = MappedCode(parsing: text)
      // A process that began after the event has another program, although it has the same process id.
      if let start, start <= Self.ticks(event.time, now: now), try Self.start(in: directory) == start,
        code.contains(stackPointer)
      {
        return Snapshot(time: now, code: code)
      }
    } catch {
      if error.errno != .noSuchFileOrDirectory, error.errno != .noSuchProcess {
        throw Failure(.unreadable(UntrustedText(error.subject.utf8), error.errno))
      }
    }
    throw Failure(.processEnded)
  }

  private static func start(in process: borrowing Directory) throws(KernelError) -> UInt64? {
    ProcessStatus(parsing: try OpenFile("stat", in: process, O_RDONLY).contents())?.start
  }

  /// The time of an event on the clock of processes: in ticks since boot, with the time of suspends.
  private static func ticks(_ time: UInt64, now: UInt64) -> UInt64 {
    let age = now > time ? now - time : 0
    let perTick = 1_000_000_000 / UInt64(max(1, sysconf(CInt(_SC_CLK_TCK))))
    let ticks = age / perTick
    // The clocks are read one after the other, and a process may end in the tick in which it started: so one tick more.
    return ProcessStatus.now - min(ticks, ProcessStatus.now) + 1
  }

  /// Whether `/proc` has the process ids of this pid namespace, as events do.
  private static var knowsProcesses: Bool {
    var name = [UInt8](repeating: 0, count: 16)
    let count = unsafe readlink("/proc/self", &name, name.count)
    return count > 0 && Digits.number(name.prefix(count)) == UInt64(getpid())
  }

  // MARK: Modules

  private func module(
    of region: MappedCode.Region, _ pid: Int32, _ snapshot: inout Snapshot
  ) throws(Failure) -> LoadedModule {
    if let module = snapshot.modules[region.start] { return module }
    do throws(KernelError) {
      let reference = try ModuleFile.Reference(region, of: pid)
      let module = try load(reference, region)
      guard (module.device, module.inode) == (region.device, region.inode) else {
        // The mapping, or the file of this path, has changed meanwhile.
        throw KernelError(.open, on: "", errno: .staleNFSFileHandle)
      }
      snapshot.modules[region.start] = module
      return module
    } catch {
      throw Failure(.unreadable(UntrustedText(region.path), error.errno))
    }
  }

  private func load(
    _ reference: borrowing ModuleFile.Reference, _ region: MappedCode.Region
  ) throws(KernelError) -> LoadedModule {
    if let module = modules[reference.identity] { return module }
    guard modules.count < Self.mostModules, let architecture else {
      throw KernelError(.open, on: "", errno: .tooManyOpenFiles)
    }
    let file = try reference.open()
    guard let identity = try file.identityInMaps() else {
      throw KernelError(.open, on: "", errno: .staleNFSFileHandle)
    }
    let elf = try? ELFFile(file, for: architecture)
    let name = StackTrace.Module(id: loaded.count, path: UntrustedText(region.path), buildID: elf?.buildID ?? [])
    let module = LoadedModule(name, file, elf, device: identity.device, inode: identity.inode)
    modules[reference.identity] = module
    loaded.append(module)
    return module
  }

  /// The functions of frames, as far as the symbol tables of their modules have them.
  public func symbols(of traces: some Sequence<StackTrace>) -> [StackTrace.Frame: StackTrace.Symbol] {
    var result: [StackTrace.Frame: StackTrace.Symbol] = [:]
    let frames = Set(traces.lazy.flatMap(\.frames))
    for (module, frames) in Dictionary(grouping: frames, by: \.module) {
      guard let module, loaded.indices.contains(module.id), let elf = loaded[module.id].elf else { continue }
      let symbols = elf.symbols(at: frames.map(\.lookupAddress))
      loaded[module.id].file.forget()
      for frame in frames {
        guard let symbol = symbols[frame.lookupAddress] else { continue }
        result[frame] = StackTrace.Symbol(name: symbol.name, offset: frame.address &- symbol.address)
      }
    }
    return result
  }
}

extension StackTrace.Frame {
  /// An address inside the function.
  fileprivate var lookupAddress: UInt64 { isReturnAddress ? address &- 1 : address }
}
