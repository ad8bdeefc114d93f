// SPDX-License-Identifier: MIT
import Foundation
import SystemPackage
import Testing

@testable import DMABuf
@testable import DMABufTrace

/// Stacks of other processes, and the files of their modules.
@Suite("Stacks")
struct StackTests {
  /// A file that is read at once.
  final class Contents: FileBytes {
    private let bytes: [UInt8]
    init(_ bytes: [UInt8]) { self.bytes = bytes }
    convenience init(of path: String) throws { self.init(Array(try Data(contentsOf: URL(fileURLWithPath: path)))) }

    func bytes(at offset: UInt64, count: Int) -> [UInt8] {
      offset < bytes.count ? Array(bytes[Int(offset)...].prefix(count)) : []
    }
  }

  static func run(_ program: String, _ arguments: [String]) throws -> String {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return text
  }

  /// Whether this machine has binutils, which `gcc` needs.
  static let hasReadelf = FileManager.default.isExecutableFile(atPath: "/usr/bin/readelf")

  /// The C library that this process executes.
  static let library: String = {
    let maps = (try? String(contentsOfFile: "/proc/self/maps", encoding: .utf8)) ?? ""
    let line = maps.split(separator: "\n").first { $0.hasSuffix("/libc.so.6") }
    return line.map { String($0[$0.firstIndex(of: "/")!...]) } ?? ""
  }()

  // MARK: Modules

  /// Parses `readelf -wF`: lines of a place, the frame's address, and registers as the heading names them.
  static func rows(of path: String) throws -> [UInt64: [String: String]] {
    var heading: [String] = []
    var isOfFunction = false
    var rows: [UInt64: [String: String]] = [:]
    for line in try run("/usr/bin/readelf", ["-wF", path]).split(separator: "\n") {
      let fields = line.split(separator: " ").map(String.init)
      if line.contains(" CIE ") || line.contains(" FDE ") {
        isOfFunction = line.contains(" FDE ")
        heading = []
      } else if fields.first == "LOC" {
        heading = fields
      } else if isOfFunction, fields.count == heading.count, let place = UInt64(fields.first ?? "", radix: 16) {
        rows[place] = Dictionary(zip(heading, fields)) { first, _ in first }
      }
    }
    return rows
  }

  /// The names of registers as `readelf` has them. `ra` is the one with the return address.
  struct RegisterNames {
    let names: [String]
    let stackPointer: String

    init(_ architecture: Architecture) {
      if architecture == .x86 {
        let first = ["rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp"]
        names = first + (8..<16).map { "r\($0)" } + ["ra"]
      } else {
        names = (0..<30).map { "x\($0)" } + ["ra", "sp", "pc"]
      }
      stackPointer = names[architecture.stackPointer]
    }

    private func signed(_ number: Int64) -> String { number < 0 ? "\(number)" : "+\(number)" }

    func text(_ base: FrameRow.Base?) -> String {
      switch base {
      case .register(let number, let offset)?: names[number] + signed(offset)
      case .expression?: "exp"
      case nil: "none"
      }
    }

    func text(_ rule: FrameRow.Rule) -> String {
      switch rule {
      case .undefined: "u"
      case .sameValue: "s"
      case .saved(let offset): "c" + signed(offset)
      case .value(let offset): "v" + signed(offset)
      case .register(let other): names[other]
      case .savedAt: "exp"
      case .result: "vexp"
      }
    }
  }

  @Test(
    "Call frame information is that which readelf prints", .enabled(if: hasReadelf),
    arguments: [library, "/proc/self/exe", "/bin/sleep"])
  func frameInformation(_ path: String) throws {
    let path = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    let architecture = try #require(Architecture.current)
    let names = RegisterNames(architecture)
    let expected = try Self.rows(of: path)
    let information = try #require(FrameInformation(try ELFFile(try Contents(of: path), for: architecture)))
    #expect(expected.count > 100)
    // Of many rows some are enough.
    let step = expected.count / 20000 + 1
    for (index, (place, row)) in expected.enumerated() where index % step == 0 {
      let found = try #require(try information.row(for: place), "\(String(place, radix: 16))")
      #expect(names.text(found.base) == row["CFA"], "\(String(place, radix: 16))")
      for (name, rule) in zip(names.names, found.rules) where name != names.stackPointer || row[name] != nil {
        let own = names.text(rule)
        // readelf does not tell unchanged registers from undefined ones.
        let wanted = row[name] ?? "u"
        #expect(own == wanted || wanted == "u" && own == "s", "\(String(place, radix: 16)) \(name)")
      }
    }
  }

  @Test("Addresses are in the functions that nm prints", .enabled(if: hasReadelf))
  func symbols() throws {
    let file = try ELFFile(try Contents(of: Self.library), for: #require(Architecture.current))
    var addresses: [UInt64: Set<String>] = [:]
    for line in try Self.run("/usr/bin/nm", ["-D", "--defined-only", "-S", Self.library]).split(separator: "\n") {
      let fields = line.split(separator: " ")
      guard fields.count == 4, "TtWwi".contains(fields[2]), let begin = UInt64(fields[0], radix: 16),
        let size = UInt64(fields[1], radix: 16), size > 0
      else { continue }
      addresses[begin + size / 2, default: []].insert(String(fields[3].prefix { $0 != "@" }))
    }
    #expect(addresses.count > 1000)
    let found = file.symbols(at: Array(addresses.keys))
    for (address, names) in addresses {
      let symbol = try #require(found[address])
      #expect(names.contains(symbol.name.string))
    }
    let ioctl = try #require(addresses.first { $0.value.contains("ioctl") })
    #expect(found[ioctl.key]?.name.string == "ioctl")
  }

  @Test("The id of a build is that of its notes", .enabled(if: hasReadelf))
  func buildID() throws {
    let file = try ELFFile(try Contents(of: Self.library), for: #require(Architecture.current))
    let notes = try Self.run("/usr/bin/readelf", ["-nW", Self.library])
    #expect(file.buildID.count == 20 && notes.contains("Build ID: \(file.buildID.hexadecimal)"))
  }

  @Test("A cut or changed file has other functions or none, and no read beyond its end")
  func damage() throws {
    for seed in 1...40 { try damage(seed) }
  }

  func damage(_ seed: Int) throws {
    var random = Seeded(UInt64(seed))
    var bytes = Array(try Data(contentsOf: URL(fileURLWithPath: "/bin/sleep")))
    if seed % 2 == 0 {
      bytes.removeLast(Int.random(in: 1..<bytes.count, using: &random))
    } else {
      for _ in 0..<2000 {
        let place = Int.random(in: 64..<bytes.count, using: &random)
        bytes[place] = .random(in: 0...255, using: &random)
      }
    }
    guard let file = try? ELFFile(Contents(bytes), for: .x86) else { return }
    _ = file.symbols(at: (0..<100).map { $0 * 97 })
    guard let information = FrameInformation(file) else { return }
    let stack = UserStack(registers: Array(repeating: 4096, count: 17), bytes: random.bytes(1024))
    for address in stride(from: UInt64(0), to: 40000, by: 13) {
      guard let row = try? information.row(for: address) else { continue }
      var unwinder = Unwinder(stack, .x86)
      _ = try? unwinder.step(row)
    }
  }

  // MARK: Mappings

  @Test("Lines of maps are parsed; others are not")
  func mappings() throws {
    let line = "7f10-7f20 r-xp 00026000 fd:01 1234                       /usr/lib/my lib.so (deleted)"
    let region = try #require(MappedCode.Region(parsing: Array(line.utf8)[...]))
    #expect(region.start == 0x7f10 && region.end == 0x7f20 && region.offset == 0x26000)
    #expect(region.device == 0xfd << 32 | 1 && region.inode == 1234 && region.isExecutable && region.isFile)
    #expect(UntrustedText(region.path).string == "/usr/lib/my lib.so (deleted)")
    let memory = try #require(MappedCode.Region(parsing: Array("10-20 rwxp 0 00:00 0 ".utf8)[...]))
    #expect(memory.path.isEmpty && !memory.isFile && memory.isExecutable)
    let page = try #require(MappedCode.Region(parsing: Array("10-20 r-xp 0 00:00 0    [vdso]".utf8)[...]))
    #expect(!page.isFile)
    for text in ["", "10-20", "20-10 r-xp 0 0:0 0", "10-20 r-x 0 0:0 0", "10-20 r-xp 0 0:0 x", "+1-20 r-xp 0 0:0 0"] {
      #expect(MappedCode.Region(parsing: Array(text.utf8)[...]) == nil)
    }
  }

  @Test("Code is found by its address")
  func code() {
    let code = MappedCode(
      parsing: Array("10-20 r-xp 0 1:1 1 /a\n20-30 rw-p 0 1:1 1 /a\n40-50 r-xp 0 1:1 2 /b\n".utf8))
    #expect(code.region(at: 0x1f)?.inode == 1 && code.region(at: 0x20) == nil && code.region(at: 0x40)?.inode == 2)
    #expect(code.region(at: 0x0f) == nil && code.region(at: 0x50) == nil)
    #expect(code.contains(0x2f) && !code.contains(0x30) && !code.contains(0x3f))
  }

  // MARK: Processes

  #if arch(x86_64)
    /// A process in a system call, with the stack that it has there.
    static func sleeping(_ seconds: Int = 100) throws -> (process: Process, event: TraceEvent)? {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/bin/sleep")
      process.arguments = ["\(seconds)"]
      try process.run()
      let pid = process.processIdentifier
      let deadline = Deadline(after: .seconds(20))
      while !deadline.isPast {
        // NUMBER ARGUMENT… STACK-POINTER PROGRAM-COUNTER; 230 is clock_nanosleep.
        let fields = (try? String(contentsOfFile: "/proc/\(pid)/syscall", encoding: .utf8))?
          .split(whereSeparator: \.isWhitespace).map { $0.dropFirst($0.hasPrefix("0x") ? 2 : 0) }
        guard let fields, fields.count == 9, fields[0] == "230" else {
          usleep(1000)
          continue
        }
        var registers = Array(repeating: UInt64(0), count: 17)
        registers[7] = UInt64(fields[7], radix: 16) ?? 0
        registers[16] = UInt64(fields[8], radix: 16) ?? 0
        let memory = unsafe open("/proc/\(pid)/mem", O_RDONLY)
        defer { close(memory) }
        var bytes = [UInt8](repeating: 0, count: 16384)
        let count = unsafe pread(memory, &bytes, bytes.count, off_t(registers[7]))
        guard count > 0 else { break }
        var event = TraceEvent(
          step: .export, time: Clock.now, process: .init(pid: pid, tid: pid, command: UntrustedText("sleep".utf8)))
        event.stack = UserStack(registers: registers, bytes: Array(bytes.prefix(count)))
        return (process, event)
      }
      kill(process.processIdentifier, SIGKILL)
      return nil
    }

    @Test("The calls of a sleeping process lead to its first function")
    func sleep() throws {
      guard let (process, event) = try Self.sleeping() else { return }
      defer { kill(process.processIdentifier, SIGKILL) }
      let reader = StackReader()
      let trace = reader.trace(of: event)
      #expect(trace.end == .complete)
      let symbols = reader.symbols(of: [trace])
      let functions = trace.frames.map { "\($0.module?.name.string ?? "?") \(symbols[$0]?.name.string ?? "?")" }
      #expect(functions.first == "libc.so.6 clock_nanosleep" && functions.last == "sleep ?")
      #expect(functions.contains("libc.so.6 __libc_start_main"))
      #expect(reader.trace(of: event) == trace)
      // Less of the stack shows fewer calls, and the same ones.
      var short = event
      short.stack?.bytes.removeLast(event.stack!.bytes.count - 64)
      let beginning = reader.trace(of: short)
      #expect(beginning.end == .beyondRecord && trace.frames.starts(with: beginning.frames))
    }

    @Test("An ended process has no modules, and neither has a later process with the same id")
    func ended() throws {
      guard let (process, event) = try Self.sleeping() else { return }
      let reader = StackReader()
      var early = event
      early.time = 1
      #expect(reader.trace(of: early).end == .processEnded)
      // Another program has its stack elsewhere.
      var other = event
      other.stack?.registers[7] = 4096
      #expect(reader.trace(of: other).end == .processEnded)
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
      reader.endMoment()
      let trace = reader.trace(of: event)
      #expect(trace.end == .processEnded)
      #expect(trace.frames.map(\.address) == [event.stack!.registers[16]])
    }
  #endif
}
