// SPDX-License-Identifier: MIT
/// Free memory in bytes, according to `/proc/meminfo` and the pools of huge pages.
public struct MemoryInformation: Sendable {
  /// Memory that is available without swapping (`MemAvailable`).
  public let available: UInt64?
  /// The size of all CMA areas together (`CmaTotal`); `nil` on kernels without CMA areas.
  public let cmaTotal: UInt64?
  /// The free part of the CMA areas (`CmaFree`).
  public let cmaFree: UInt64?

  /// Reads `/proc/meminfo` below `root`.
  public init(root: String = "") {
    var values: [Substring: UInt64] = [:]
    for line in (SmallFile.text(root + "/proc/meminfo") ?? "").split(scalar: "\n") {
      let words = line.split(scalar: " ")
      guard words.count >= 2, let number = UInt64(words[1]) else { continue }
      values[words[0].dropLast()] = number.multipliedReportingOverflow(by: 1024).partialValue
    }
    available = values["MemAvailable"]
    cmaTotal = values["CmaTotal"].flatMap { $0 == 0 ? nil : $0 }
    cmaFree = cmaTotal == nil ? nil : values["CmaFree"]
  }

  /// The free and total bytes of the CMA area `name`; `nil` without such an area, and on kernels that do not tell.
  ///
  /// Reads `/sys/kernel/mm/cma` (`CONFIG_CMA_SYSFS`), which counts pages.
  public static func cmaArea(_ name: String, root: String = "") -> (free: UInt64, total: UInt64)? {
    let area = root + "/sys/kernel/mm/cma/" + name
    guard let free = SmallFile.number(area + "/available_pages"), let total = SmallFile.number(area + "/total_pages")
    else { return nil }
    let page = UInt64(Mapping.pageSize)
    return (
      free.multipliedReportingOverflow(by: page).partialValue,
      total.multipliedReportingOverflow(by: page).partialValue
    )
  }

  /// The sizes of huge pages in bytes that the kernel has pools for, in ascending order. They depend on the architecture
  /// and on the size of its pages: 2M and 1G, or 64K, 2M, 32M and 1G, and others.
  ///
  /// Reads the names below `/sys/kernel/mm/hugepages`. Empty if the kernel has no huge pages or sysfs cannot be read.
  public static func hugePageSizes(root: String = "") -> [Int] {
    let names = (try? Directory(root + "/sys/kernel/mm/hugepages").names()) ?? []
    return names.compactMap { name in
      guard name.hasPrefix("hugepages-"), name.hasSuffix("kB"), let size = Int(name.dropFirst(10).dropLast(2)),
        (1...1 << 40).contains(size)
      else { return nil }
      return size * 1024
    }.sorted()
  }

  /// The free and total number of pages in the pool of huge pages of `pageSize` bytes; `nil` without such a pool.
  public static func hugePages(of pageSize: Int, root: String = "") -> (free: UInt64, total: UInt64)? {
    let pool = hugePagePool(of: pageSize, root: root)
    guard let free = SmallFile.number(pool + "/free_hugepages"),
      let total = SmallFile.number(pool + "/nr_hugepages")
    else { return nil }
    return (free, total)
  }

  /// The number of huge pages that the kernel may still add to an exhausted pool.
  public static func surplusHugePages(of pageSize: Int, root: String = "") -> UInt64 {
    let pool = hugePagePool(of: pageSize, root: root)
    let most = SmallFile.number(pool + "/nr_overcommit_hugepages") ?? 0
    return most - min(most, SmallFile.number(pool + "/surplus_hugepages") ?? 0)
  }

  /// The sysfs directory of the pool of huge pages of `pageSize` bytes.
  public static func hugePagePool(of pageSize: Int, root: String = "") -> String {
    root + "/sys/kernel/mm/hugepages/hugepages-\(pageSize / 1024)kB"
  }
}
