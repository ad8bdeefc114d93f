// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABufConformance

/// Which checks `dmabuf check` runs, and on what.
struct CheckSubjectOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Check only buffers of SOURCE: heap:NAME or udmabuf. Can be repeated.", valueName: "SOURCE"),
    completion: Completion.sources)
  var exporter: [String] = []

  @Option(
    help: ArgumentHelp(
      "Check only DEVICE: a path, drm:DRIVER or v4l2:DRIVER. Can be repeated.", valueName: "DEVICE"),
    completion: Completion.devices)
  var device: [String] = []

  @Option(
    help: ArgumentHelp("Run only checks whose id matches PATTERN (C3*). Can be repeated.", valueName: "PATTERN"))
  var only: [String] = []

  @Option(help: ArgumentHelp("Skip checks whose id matches PATTERN (C3*). Can be repeated.", valueName: "PATTERN"))
  var skip: [String] = []

  @Flag(help: "Run also checks that taint the kernel, stall allocations, show images, need seconds, or change REF.")
  var invasive = false

  /// The checks that the patterns select.
  var checks: [ConformanceCheck] {
    ConformanceCheck.all.filter { check in
      (only.isEmpty || only.contains { Glob.matches(check.id, $0) }) && !skip.contains { Glob.matches(check.id, $0) }
    }
  }

  /// Are all sources and devices of this machine checked?
  var isWhole: Bool { exporter.isEmpty && device.isEmpty }
}
