// SPDX-License-Identifier: MIT
import Glibc
import SystemPackage
import Testing

@testable import DMABuf
@testable import DMABufExercise
@testable import DMABufHolding

@Suite("Fences")
struct FenceTests {
  static func text(_ string: String) -> UntrustedText { UntrustedText(string.utf8) }

  static func fence(_ driver: String?, _ timeline: String?, _ status: Fence.Status = .active) -> Fence {
    Fence(driver: driver.map(text), timeline: timeline.map(text), status: status)
  }

  @Test("The kernel's number of a status is 0, 1 or a negative errno")
  func status() {
    #expect(Fence.Status(0) == .active)
    #expect(Fence.Status(1) == .signalled)
    #expect(Fence.Status(-2) == .error(.noSuchFileOrDirectory))
  }

  @Test(
    "The sequence number of a fence is parsed from a name of the kernel",
    arguments: [
      ("vgem", "unbound", "vgem-unbound4-1", UInt64(1)), ("sw_sync", "t", "sw_sync-t15-77", 77),
      ("amdgpu", "gfx_0.0.0", "amdgpu-gfx_0.0.012-4711", 4711), ("d", "", "d-3-9", 9),
    ])
  func sequence(_ driver: String, _ timeline: String, _ name: String, _ number: UInt64) {
    #expect(Self.fence(driver, timeline).sequence(inFileName: Self.text(name)) == number)
  }

  @Test(
    "The sequence number is unknown in names that are cut or not the kernel's",
    arguments: [
      "", "vgem", "vgem-unbound", "vgem-unbound4", "vgem-unbound-1", "vgem-unbound4-x", "vgem-unbound4-1-2",
      "frame 7",
      "other-unbound4-1", "vgem-unbound1234567890123-12345",
    ])
  func noSequence(_ name: String) {
    #expect(Self.fence("vgem", "unbound").sequence(inFileName: Self.text(name)) == nil)
    #expect(Self.fence(nil, nil).sequence(inFileName: Self.text(name)) == nil)
  }

  @Test("Facts from before the signal of a fence are remembered")
  func remembering() {
    var before = Self.fence("vgem", "unbound")
    before.sequence = 1
    var after = Self.fence(nil, nil, .signalled)
    after.timestamp = 5
    var expected = Self.fence("vgem", "unbound", .signalled)
    expected.sequence = 1
    expected.timestamp = 5
    #expect(after.remembering(before) == expected)
  }

  @Test("The stub fence of an idle buffer is not one of its fences")
  func placeholder() {
    #expect(Self.fence("stub", "stub", .signalled).isStub)
    #expect(Self.fence(nil, nil, .signalled).isStub)
    #expect(!Self.fence("vgem", "unbound", .signalled).isStub)
    #expect(!Self.fence("stub", "stub").isStub)
  }

  @Test("C arrays end at their first NUL")
  func terminated() {
    let characters: (UInt8, UInt8, UInt8, UInt8) = (0x61, 0xff, 0, 0x62)
    #expect(UntrustedText(terminated: characters) == UntrustedText([0x61, 0xff]))
  }

  @Test(
    "Creating sw_sync fences taints Linux 7 and later",
    arguments: [("6.12.41", false), ("7.0.3-1", true), ("10.1", true), ("", false)])
  func taint(_ release: String, _ taints: Bool) {
    #expect(SWSyncTimeline.taints(release: release) == taints)
  }

  @Test("Errors have their symbols")
  func symbols() {
    #expect(ErrnoName.of(.noSuchFileOrDirectory) == "ENOENT")
    #expect(ErrnoName.of(Errno(rawValue: 12345)) == "errno 12345")
  }

  // MARK: Holding

  @Test(
    "The description of a held test fence has the trigger that signals it",
    arguments: [FenceTrigger.timeline(7), .vgem(2)])
  func trigger(_ trigger: FenceTrigger) throws {
    let description = HeldObject.description(
      kind: .syncFile, inode: nil, size: nil, attached: "vgem fence 2 on ino:7", exporter: nil, trigger: trigger)
    let name = try #require(HeldName("late"))
    let object = try #require(HeldObject(name: name, pid: 1, decoding: Array(description)))
    #expect(object.trigger == trigger)
    #expect(object.kind == .syncFile)
    #expect(object.attached == "vgem fence 2 on ino:7")
    #expect(object.inode == nil)
  }

  @Test(
    "Words that are not a trigger are refused",
    arguments: ["", "vgem", "vgem:", "vgem:x", "sw_sync:-1", "other:1", "vgem:1:2"])
  func noTrigger(_ text: String) { #expect(FenceTrigger(text) == nil) }

  // MARK: Refusals of this machine's kernel

  @Test("An error names the kind of a file that is not a sync_file")
  func wrongKind() throws {
    #expect {
      _ = try SyncFile(OpenFile("/dev/null", 0))
    } throws: { error in
      (error as? WrongKind)?.wanted == .syncFile
    }
    #expect {
      _ = try FenceSnapshot(OpenFile("/dev/null", 0), for: .read)
    } throws: { error in
      (error as? WrongKind)
        == WrongKind(subject: "/dev/null", kind: .other(Self.text("/dev/null")), wanted: .anyWithFences)
    }
  }

  @Test("A held syncobj is reported as a syncobj")
  func heldSyncObject() throws {
    let description = HeldObject.description(
      kind: .syncObject, inode: nil, size: nil, attached: "created on /dev/dri/renderD128", exporter: nil)
    let name = try #require(HeldName("frame"))
    let object = try #require(HeldObject(name: name, pid: 1, decoding: Array(description)))
    #expect(object.kind == .syncObject && object.kind.rawValue == "syncobj")
  }

  @Test("An error names the kind of a file that is not a syncobj, and it has no points")
  func noSyncObject() throws {
    let error = WrongKind(subject: "/dev/null", kind: .other(Self.text("/dev/null")), wanted: .syncObject)
    #expect(throws: error) { _ = try SyncObject(OpenFile("/dev/null", 0)) }
    #expect(throws: error) { _ = try FenceSnapshot(OpenFile("/dev/null", 0), for: .read, at: 3) }
  }

  @Test("A deadline that has passed ends a poll")
  func polling() throws {
    let start = Clock.now
    #expect(try Polling.poll([], on: "nothing", deadline: Deadline(after: .milliseconds(20))) == [])
    #expect(Clock.now - start >= 20_000_000)
    #expect(try Polling.poll([], on: "nothing", deadline: Deadline(after: .zero)) == [])
  }
}
