// SPDX-License-Identifier: MIT
import Foundation
import SystemPackage
import Testing

@testable import DMABuf
@testable import DMABufCensus
@testable import DMABufConformance

/// The kernel's list in debugfs, compared with the actions that led to it.
@Suite("bufinfo")
struct DebugTableTests {
  static func table(_ recording: Recording) throws -> DebugTable {
    try DebugTable(parsing: recording.data("sys/kernel/debug/dma_buf/bufinfo"))
  }

  static let heading = "\nDma-buf Objects:\nsize    \tflags   \tmode    \tcount   \texp_name\tino     \tname\n"

  static func row(_ name: String, inode: Int = 7, body: String = "\tAttached Devices:\nTotal 0 devices attached\n\n")
    -> String
  {
    "00004096\t00000002\t00080007\t00000001\tsystem\t0000000\(inode)\t\(name)\n\(body)"
  }

  static func parsed(_ text: String) throws -> DebugTable { try DebugTable(parsing: Array(text.utf8)) }

  /// A list from a publication.
  static func published(_ name: String) throws -> DebugTable {
    let path = Checkout.fixtures.path + "/bufinfo/" + name
    return try DebugTable(parsing: Array(#require(FileManager.default.contents(atPath: path))))
  }

  @Test("The list is read to its end, with as many buffers as it counts", arguments: Recording.all)
  func whole(_ recording: Recording) throws {
    let table = try Self.table(recording)
    let text = String(decoding: recording.data("sys/kernel/debug/dma_buf/bufinfo"), as: UTF8.self)
    let total = try #require(text.split(separator: "\n").last { $0.hasPrefix("Total ") })
    #expect(table.isWhole)
    #expect("Total \(table.buffers.count) objects, \(table.buffers.reduce(0) { $0 + ($1.size ?? 0) }) bytes" == total)
  }

  @Test("Each row is equal to that of another reader", arguments: Recording.all)
  func rows(_ recording: Recording) throws {
    for buffer in try Self.table(recording).buffers {
      let row = try #require(recording.rows.first { $0.inode == buffer.inode })
      #expect(
        buffer.size == row.size && buffer.count == row.count && buffer.exporter?.bytes == row.exporter
          && buffer.name?.bytes == row.name)
    }
  }

  @Test("Attached devices are read", arguments: Recording.each("attached").filter { $0.kernel != "debian-6.1" })
  func devices(_ recording: Recording) throws {
    #expect(try Self.table(recording).buffers.allSatisfy { $0.devices == [UntrustedText("vgem".utf8)] })
  }

  @Test("Fences are read in both forms of the text", arguments: Recording.each("fences"))
  func fences(_ recording: Recording) throws {
    let fences = try Self.table(recording).buffers.sorted { $0.inode < $1.inode }.map { $0.fences ?? [] }
    #expect(fences.map { $0.map(\.usage.string) } == [["write"], ["read", "read"], ["write"]])
    #expect(fences.map { $0.map(\.isSignalled) } == [[false], [false, false], [true]])
    #expect(fences.joined().allSatisfy { $0.sequence == 1 })
    let pending = fences.joined().filter { !$0.isSignalled }
    #expect(pending.allSatisfy { $0.driver?.string == "vgem" && $0.timeline?.string == "unbound" })
    // Since Linux 7 the list has contexts, but no names of signalled fences.
    let isNew =
      String(decoding: recording.data("sys/kernel/debug/dma_buf/bufinfo"), as: UTF8.self)
      .firstMatch(of: #/fence: ?\d+:\d+ /#) != nil
    #expect(fences.joined().allSatisfy { ($0.context != nil) == isNew })
    #expect(fences[2][0].driver?.string == (isNew ? nil : "vgem"))
  }

  @Test("Fences of sw_sync are read", arguments: Recording.each("fences-sw-sync"))
  func softwareFences(_ recording: Recording) throws {
    let pending = try #require(Self.table(recording).buffers.first { $0.name?.string == "pending" })
    #expect(pending.fences?.map(\.sequence) == [1, 2])
    #expect(pending.fences?.map(\.timeline?.string) == ["actor", "actor"])
  }

  @Test(
    "The name of a timeline may contain spaces",
    arguments: [
      ("write fence:drv a b c seq 9 unsignalled", "a b c"), ("write fence:4:9 a b c drv unsignalled", "a b c"),
      ("write fence: drv a seq 1 seq 9 unsignalled", "a seq 1"),
    ])
  func spaces(_ line: String, _ timeline: String) throws {
    let fence = try #require(Census.Fence(parsing: line.utf8))
    #expect(fence.timeline?.string == timeline && fence.driver?.string == "drv" && fence.sequence == 9)
  }

  @Test(
    "Lines that are not fences are refused",
    arguments: [
      "", "fence:", "write fence:", "write fence:signalled", " fence:a b seq 1 signalled", "write fence:1:2 a b done",
      "Attached Devices:",
    ])
  func noFence(_ line: String) {
    #expect(Census.Fence(parsing: line.utf8) == nil)
  }

  // MARK: Names that forge lines

  @Test(
    "A name that looks like the lines after it is a name",
    arguments: [
      "x\n\tAttached Devices:\n\tforged", "x\n\tAttached Devices:", "\tAttached Devices:\n", "a\tb\tc", "\n\n\n",
      "<none>\n", "Total 7 objects, 1 bytes\n",
    ])
  func forgedBody(_ name: String) throws {
    let table = try Self.parsed(
      Self.heading + Self.row(name) + Self.row("next", inode: 8) + "\nTotal 2 objects, 8192 bytes\n")
    #expect(table.isWhole && table.buffers.map { $0.name?.string } == [name, "next"])
    #expect(table.buffers.allSatisfy { $0.devices == [] && $0.fences == [] })
  }

  @Test("A name that another source knows is not ambiguous")
  func knownName() throws {
    let name = "x\n\tread fence:a b signalled"
    let text = Self.heading + Self.row(name) + "\nTotal 1 objects, 4096 bytes\n"
    let known = DebugTable.KnownNames(names: [7: UntrustedText(name.utf8)])
    let buffer = try #require(try DebugTable(parsing: Array(text.utf8), known: known).buffers.first)
    #expect(buffer.name?.string == name && buffer.fences == [] && buffer.doubts.isEmpty)
    let other = DebugTable.KnownNames(names: [7: UntrustedText("x".utf8)])
    let fenced = try #require(try DebugTable(parsing: Array(text.utf8), known: other).buffers.first)
    #expect(fenced.name?.string == "x" && fenced.fences?.count == 1 && fenced.doubts.isEmpty)
  }

  @Test(
    "A name that forges a fence is ambiguous, and so is the fence",
    arguments: ["x\n\tread fence:a b signalled", "\n\tread fence:1:1 a b signalled"])
  func forgedFence(_ name: String) throws {
    let buffer = try #require(
      try Self.parsed(Self.heading + Self.row(name) + "\nTotal 1 objects, 4096 bytes\n").buffers.first)
    #expect(buffer.name == nil && buffer.isNamed == nil && buffer.fences == nil && buffer.devices == [])
    #expect(buffer.doubts == [.name, .fences])
  }

  @Test("The text for no name may be a name, unless another source knows it")
  func nameOfNone() throws {
    let text = Self.heading + Self.row("<none>") + "\nTotal 1 objects, 4096 bytes\n"
    let doubted = try #require(try Self.parsed(text).buffers.first)
    #expect(doubted.name == nil && doubted.isNamed == nil && doubted.doubts == [.name])
    let none = try #require(try DebugTable(parsing: Array(text.utf8), known: .init(unnamed: [7])).buffers.first)
    #expect(none.name == nil && none.isNamed == false && none.doubts.isEmpty)
    let named = DebugTable.KnownNames(names: [7: UntrustedText("<none>".utf8)])
    #expect(try DebugTable(parsing: Array(text.utf8), known: named).buffers.first?.name?.string == "<none>")
  }

  // MARK: Other kernels

  @Test(
    "Lists of other kernels are read completely",
    arguments: [
      ("5.10-named", 2), ("5.10-rpi", 10), ("5.14-amdgpu", 9), ("5.19-radeon", 5), ("6.1-asahi", 3), ("6.17-rdma", 2),
      ("6.6-cockpit", 80),
    ])
  func others(_ name: String, _ count: Int) throws {
    let table = try Self.published(name)
    #expect(table.isWhole && table.buffers.count == count)
    #expect(table.total?.bytes == table.buffers.reduce(0) { $0 + ($1.size ?? 0) })
    #expect(
      table.buffers.allSatisfy { $0.count != nil && $0.exporter != nil && $0.devices != nil && $0.fences != nil })
  }

  @Test("Before Linux 6.0 rows have a name that is not in the heading")
  func oldRows() throws {
    #expect(try Self.published("5.10-named").buffers.map { $0.name?.string } == ["camera-0", nil])
    let amdgpu = try Self.published("5.14-amdgpu").buffers.flatMap { $0.fences ?? [] }
    #expect(amdgpu.count == 6)
    #expect(
      amdgpu.allSatisfy {
        $0.usage.string == "shared" && $0.driver?.string == "drm_sched" && $0.timeline?.string == "gfx"
          && $0.isSignalled
      })
    let radeon = try #require(try Self.published("5.19-radeon").buffers.first?.fences?.first)
    #expect(
      radeon.usage.string == "read" && radeon.driver?.string == "radeon" && radeon.timeline?.string == "radeon.gfx")
    #expect(radeon.sequence == 6580 && radeon.isSignalled)
    #expect(try Self.published("5.10-rpi").buffers.allSatisfy { $0.devices?.first?.string == "vcsm-cma" })
  }

  @Test(
    "Titles of vendors may have spaces, and rows one field more or less than the heading",
    arguments: [
      ("size\tflags\tmode\tcount\texp name\tino\tbuf name", "4096\t2\t7\t3\tsystem\t7\tcam", "cam"),
      ("size\tflags\tmode\tcount\texp_name\tino\tname\tpid", "4096\t2\t7\t3\tsystem\t7\tcam\t12", "cam"),
      ("size\tflags\tmode\tcount\texp_name\tino\tname", "4096\t2\t7\t3\tsystem\t7", nil),
      ("size\tflags\tmode\tcount\texp_name\tino", "4096\t2\t7\t3\tsystem\t7", nil),
      ("size\tflags\tmode\tcount\texp_name\tino\tpid", "4096\t2\t7\t3\tsystem\t7", nil),
    ] as [(String, String, String?)])
  func vendors(_ heading: String, _ row: String, _ name: String?) throws {
    let text =
      "\nDma-buf Objects:\n\(heading)\n\(row)\n\tAttached Devices:\nTotal 0 devices attached\n\n\nTotal 1 objects, 4096 bytes\n"
    let table = try Self.parsed(text)
    let buffer = try #require(table.buffers.first)
    #expect(table.isWhole && buffer.inode == 7 && buffer.size == 4096 && buffer.count == 3)
    #expect(buffer.exporter?.string == "system" && buffer.name?.string == name)
  }

  @Test("A row that lacks two fields is refused")
  func twoFieldsLess() throws {
    let text = "size\tflags\tmode\tcount\texp_name\tino\tpid\tname\n4096\t2\t7\t3\tsystem\t7\n\tAttached Devices:\n"
    #expect(try Self.parsed(text).buffers.isEmpty)
  }

  @Test("No name and the empty name are distinguished")
  func noName() throws {
    let table = try Self.parsed(
      Self.heading + Self.row("<none>") + Self.row("", inode: 8) + "\nTotal 2 objects, 8192 bytes\n")
    #expect(table.buffers.map { $0.name?.string } == [nil, ""])
  }

  // MARK: Other forms of the text

  @Test("Unknown columns are skipped")
  func unknownColumn() throws {
    let text =
      "\nDma-buf Objects:\nsize\tflags\tmode\tcolour\tcount\texp_name\tino\tname\n"
      + "00004096\t02\t07\tblue\t00000003\tsystem\t00000007\tcam\n\tAttached Devices:\nTotal 0 devices attached\n\n\nTotal 1 objects, 4096 bytes\n"
    let buffer = try #require(try Self.parsed(text).buffers.first)
    #expect(buffer.inode == 7 && buffer.count == 3 && buffer.name?.string == "cam" && buffer.size == 4096)
  }

  @Test("A table without inode numbers is refused, because it cannot be joined")
  func noInodes() {
    #expect(throws: DebugTable.Refusal.noInodes) { try Self.published("4.12-etnaviv") }
    #expect(throws: DebugTable.Refusal.noHeading) { try DebugTable(parsing: []) }
  }

  @Test(
    "A list that is cut off anywhere has the rows before, and is reported as incomplete",
    arguments: Recording.each("hostile-names"))
  func truncated(_ recording: Recording) throws {
    let text = recording.data("sys/kernel/debug/dma_buf/bufinfo")
    let whole = try Self.table(recording).buffers
    for length in 0..<(text.count - 1) {
      guard let table = try? DebugTable(parsing: Array(text.prefix(length))) else { continue }
      #expect(table.buffers.elementsEqual(whole.prefix(table.buffers.count)))
      if length < text.count - 30 { #expect(!table.isWhole) }
    }
  }

  // MARK: In the census

  @Test("A census with attachments has them", arguments: Recording.each("attached"))
  func census(_ recording: Recording) throws {
    var request = Census.Query()
    request.wantsAttachments = true
    let census = Census(root: recording.root, request)
    #expect(census.used.contains(.bufinfo) && census.buffers.count == recording.rows.count)
    #expect(census.buffers.allSatisfy { $0.devices != nil && $0.fences != nil })
  }

  @Test("bufinfo is not read by default", arguments: Recording.each("attached"))
  func unasked(_ recording: Recording) {
    let census = Census(root: recording.root)
    #expect(!census.used.contains(.bufinfo) && census.omitted[.bufinfo] == .costly)
  }

  @Test("A truncated list is used up to its end, and has a reason")
  func truncatedCensus() throws {
    let tree = try TemporaryTree()
    try tree.directory("proc")
    try tree.file("sys/kernel/debug/dma_buf/bufinfo", Self.heading + Self.row("a") + "00004096\t000")
    var request = Census.Query()
    request.wantsAttachments = true
    let census = Census(root: tree.root, request)
    #expect(census.buffers.map(\.inode) == [7] && census.used.contains(.bufinfo))
    #expect(census.failures[.bufinfo] == .format(FormatError(tree.root + DebugBuffers.file, .unknownText)))
  }

  @Test("Two buffers with one inode number are two buffers, and ambiguous")
  func twins() throws {
    let tree = try TemporaryTree()
    try tree.process(10, fdinfo: .fdinfo(inode: 7, size: 1 << 20))
    let row = { (size: Int) in
      "\(size)\t00000002\t00080007\t00000001\tsystem\t00000007\t\n\tAttached Devices:\nTotal 0 devices attached\n\n"
    }
    try tree.file(
      "sys/kernel/debug/dma_buf/bufinfo",
      Self.heading + row(8 << 20) + row(1 << 20) + "\nTotal 2 objects, 9437184 bytes\n")
    var request = Census.Query()
    request.wantsAttachments = true
    let buffers = Census(root: tree.root, request).buffers.sorted { $0.size ?? 0 < $1.size ?? 0 }
    #expect(buffers.map(\.size) == [1 << 20, 8 << 20])
    #expect(buffers.map(\.holders.count) == [1, 0] && buffers.allSatisfy { $0.doubts.contains(.inode) })
  }

  @Test("bufinfo is read by default if no other source works")
  func nothingElse() throws {
    let tree = try TemporaryTree()
    try tree.file(
      "sys/kernel/debug/dma_buf/bufinfo", Self.heading + Self.row("a") + "\nTotal 1 objects, 4096 bytes\n")
    let census = Census(root: tree.root)
    #expect(census.used == [.bufinfo] && census.buffers.map(\.inode) == [7])
  }
}
