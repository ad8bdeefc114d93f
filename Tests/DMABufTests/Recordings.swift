// SPDX-License-Identifier: MIT
import Foundation
import Testing

@testable import DMABuf

/// A moment of a real kernel: a tree with its `/proc` and `/sys`.
struct Recording: CustomTestStringConvertible, Sendable {
  let kernel: String
  let moment: String

  var root: String { Checkout.fixtures.path + "/\(kernel)/\(moment)" }
  var testDescription: String { "\(kernel), \(moment)" }
  /// Whether the kernel lists its buffers in sysfs.
  var hasStatistics: Bool { FileManager.default.fileExists(atPath: root + "/sys/kernel/dmabuf/buffers") }

  static let all: [Recording] = names(in: "").filter { !["bufinfo", "display", "pixels", "tracefs"].contains($0) }
    .flatMap {
      kernel in
      names(in: kernel).map { Recording(kernel: kernel, moment: $0) }
    }

  /// One moment, on each kernel with a recording of it.
  static func each(_ moment: String) -> [Recording] { all.filter { $0.moment == moment } }

  static func names(in path: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: Checkout.fixtures.path + "/" + path)) ?? []
    return names.filter { !$0.hasPrefix(".") }.sorted()
  }

  func data(_ path: String) -> [UInt8] {
    (FileManager.default.contents(atPath: root + "/" + path)).map(Array.init) ?? []
  }

  /// The target of a link, as bytes, because names need not be UTF-8.
  func link(_ path: String) -> [UInt8] {
    var target = [CChar](repeating: 0, count: 4096)
    let count = unsafe readlink(root + "/" + path, &target, target.count)
    return target.prefix(max(0, count)).map { UInt8(bitPattern: $0) }
  }

  private func names(_ path: String) -> [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: root + "/" + path)) ?? []
  }

  var processes: [Int32] { names("proc").compactMap { Int32($0) }.sorted() }

  /// The arguments of an actor, which are its actions.
  func words(of pid: Int32) -> [String] {
    data("proc/\(pid)/cmdline").split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
  }

  /// All descriptors of dma-bufs.
  var descriptors: [(pid: Int32, number: Int32, information: [UInt8])] {
    processes.flatMap { pid in
      names("proc/\(pid)/fd").compactMap { Int32($0) }.sorted()
        .filter { link("proc/\(pid)/fd/\($0)").starts(with: "/dmabuf:".utf8) }
        .map { (pid, $0, data("proc/\(pid)/fdinfo/\($0)")) }
    }
  }

  /// The inode of each mapping of a dma-buf, from the columns of `maps`.
  var mappings: [(pid: Int32, inode: UInt64)] {
    processes.flatMap { pid in
      data("proc/\(pid)/maps").split(separator: UInt8(ascii: "\n"))
        .map { String(decoding: $0, as: UTF8.self) }
        .filter { $0.contains(" /dmabuf:") }
        .map { (pid, UInt64($0.split(separator: " ")[4])!) }
    }
  }
}

/// A row of `/sys/kernel/debug/dma_buf/bufinfo`, the kernel's own list of buffers.
struct BufferRow: Equatable {
  let size: UInt64
  let count: UInt64
  let exporter: [UInt8]
  let inode: UInt64
  let name: [UInt8]?
}

extension Recording {
  /// Names may contain newlines. A row ends where the kernel's next line for the same buffer starts.
  var rows: [BufferRow] {
    // One scalar for each byte, for the search.
    let text = String(String.UnicodeScalarView(data("sys/kernel/debug/dma_buf/bufinfo").map { Unicode.Scalar($0) }))
    func bytes(_ text: some StringProtocol) -> [UInt8] { text.unicodeScalars.map { UInt8($0.value) } }
    return text.components(separatedBy: "\nTotal 0 devices attached\n\n").flatMap {
      $0.components(separatedBy: "\nTotal 1 devices attached\n\n")
    }.compactMap { part in
      guard
        let start = part.range(of: "^[0-9]{8,}\t[0-9a-f]{8}\t", options: .regularExpression) ?? rowAfterHeading(part)
      else { return nil }
      let fields = part[start.lowerBound...].split(separator: "\t", maxSplits: 6, omittingEmptySubsequences: false)
      guard fields.count == 7, let end = fields[6].range(of: "\n\t") else { return nil }
      let name = bytes(fields[6][..<end.lowerBound])
      return BufferRow(
        size: UInt64(fields[0])!, count: UInt64(fields[3])!, exporter: bytes(fields[4]), inode: UInt64(fields[5])!,
        name: name == Array("<none>".utf8) ? nil : name)
    }
  }

  private func rowAfterHeading(_ part: String) -> Range<String.Index>? {
    guard let heading = part.range(of: "\tname    \n") ?? part.range(of: "\tname\n") else { return nil }
    return heading.upperBound < part.endIndex && part[heading.upperBound].isNumber
      ? heading.upperBound..<heading.upperBound : nil
  }
}
