// swift-tools-version: 6.2
// SPDX-License-Identifier: MIT
import PackageDescription

let settings: [SwiftSetting] = [.strictMemorySafety(), .treatAllWarnings(as: .error)]

// The library side of three benchmarks, for Tests/Bench/run.
let package = Package(
  name: "bench",
  dependencies: [.package(name: "dmabuf", path: "../..")],
  targets: [
    .executableTarget(
      name: "MemoryBench",
      dependencies: [
        .product(name: "DMABuf", package: "dmabuf"), .product(name: "DMABufExercise", package: "dmabuf"),
      ],
      path: "MemoryBench", swiftSettings: settings),
    .executableTarget(
      name: "ImageBench",
      dependencies: [
        .product(name: "DMABuf", package: "dmabuf"), .product(name: "DMABufExercise", package: "dmabuf"),
        .product(name: "DMABufImage", package: "dmabuf"),
      ],
      path: "ImageBench", swiftSettings: settings),
    .executableTarget(
      name: "ImportBench", dependencies: [.product(name: "DMABuf", package: "dmabuf")], path: "ImportBench",
      swiftSettings: settings),
  ],
  swiftLanguageModes: [.v6]
)
