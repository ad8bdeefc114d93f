// SPDX-License-Identifier: MIT
import DMABuf
import DMABufExercise
import DMABufHost
import SystemPackage

/// Sources of buffers, and devices that import buffers.
extension Facility {
  /// The node of ION, Android's allocator before dma-heaps.
  private static let ion = "/dev/ion"

  static func heaps() -> [Facility] {
    let names: [String]
    do throws(KernelError) {
      names = try DMAHeap.names()
    } catch {
      return [Facility(.heap, "heap:system") { throw error }]
    }
    if names.isEmpty, FilePermissions(ion) != nil {
      let reason = "no dma-heaps; \(ion) is ION, the interface before Linux 5.6, which is not supported"
      return [Facility(.heap, "heap:system", .missing, reason)]
    }
    let expected = names.contains("system") ? [] : ["system"]
    let heaps = (expected + names).map { name in
      Facility(.heap, "heap:\(name)") { try use(DMAHeap(name).allocate(Mapping.pageSize)) }
    }
    if DMAHeap.cmaNames.contains(where: names.contains) { return heaps }
    return heaps + [Facility(.cmaHeap, "heap:cma", .missing, "no heap over the default CMA area")]
  }

  static func udmabuf() -> Facility {
    let other = otherUDMABuf()
    let facility = Facility(.udmabuf, "udmabuf") {
      var reason = try use(UDMABuf().allocate(Mapping.pageSize))
      if let limit = UDMABuf.sizeLimit(), limit < 1 << 40 { reason += ", at most \(limit >> 20) MiB a buffer" }
      return reason
    }
    guard let other else { return facility }
    return Facility(
      facility.kind, facility.name, facility.state,
      [
        facility.reason,
        "\(other) belongs to u-dma-buf, another driver outside the kernel tree, which exports no dma-bufs",
      ]
      .compactMap(\.self).joined(separator: "; "), node: facility.node)
  }

  /// A sign of the driver u-dma-buf, which many users call udmabuf.
  private static func otherUDMABuf() -> String? {
    let numbered = (try? Directory("/dev").names().sorted().first { $0.hasPrefix("udmabuf") && $0 != "udmabuf" })
    if let numbered, numbered.dropFirst(7).allSatisfy(\.isNumber) { return "/dev/\(numbered)" }
    return ["/sys/class/u-dma-buf", "/sys/class/udmabuf"].first { FilePermissions($0) != nil }
  }

  /// Writes to a new buffer and returns the text of the report.
  private static func use(_ buffer: consuming DMABuffer) throws -> String {
    try buffer.withAccess([.read, .write]) {
      let mapping = try buffer.map(0..<buffer.size, for: [.read, .write])
      unsafe mapping.bytes.storeBytes(of: 1, as: UInt8.self)
    }
    return "allocated, mapped and written"
  }

  static func drm() -> [Facility] {
    let paths = (try? DRMNode.paths()) ?? []
    guard !paths.isEmpty else { return [Facility(.drm, "/dev/dri", .missing, "no DRM device")] }
    return paths.map { path in
      Facility(.drm, path) {
        let node = try DRMNode(path)
        let exports = node.exportsBuffers ? "works" : "does not work"
        return "\(node.driver.escaped); PRIME export \(exports), import \(summary(node.probeImport()))"
      }
    }
  }

  private static func summary(_ probe: ImportProbe) -> String {
    switch probe {
    case .works: "works"
    case .refused(let error): "does not work (\(error.call): \(error.errno))"
    case .unknown(let reason): "is unknown: \(reason)"
    }
  }

  static func v4l2() -> [Facility] {
    let numbers = ((try? Directory("/dev").names()) ?? []).compactMap { name in
      name.hasPrefix("video") ? Int(name.dropFirst(5)) : nil
    }
    guard !numbers.isEmpty else { return [Facility(.v4l2, "/dev/video", .missing, "no V4L2 device")] }
    return numbers.sorted().map { number in
      Facility(.v4l2, "/dev/video\(number)") { try V4L2Node("/dev/video\(number)").driver.escaped }
    }
  }
}
