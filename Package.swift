// swift-tools-version: 6.3
import PackageDescription

let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
]

let package = Package(
  name: "dmabuf",
  products: [
    .library(name: "DMABuf", targets: ["DMABuf"]),
    .executable(name: "dmabuf", targets: ["DMABufTool"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
  ],
  targets: [
    .target(name: "CDMABuf", exclude: ["bpf"]),
    .target(name: "CVersion"),
    .systemLibrary(name: "CLibBPF", pkgConfig: "libbpf", providers: [.apt(["libbpf-dev"])]),
    .systemLibrary(
      name: "CXXHash", pkgConfig: "libxxhash", providers: [.apt(["libxxhash-dev"])]),
    .systemLibrary(
      name: "CLibDRM", pkgConfig: "libdrm", providers: [.apt(["libdrm-dev"])]),
    .target(
      name: "DMABuf",
      dependencies: [
        "CDMABuf", "CLibBPF", "CLibDRM", "CXXHash",
        .product(name: "BasicContainers", package: "swift-collections"),
        .product(name: "BitCollections", package: "swift-collections"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "DMABufTool",
      dependencies: [
        "CVersion", "DMABuf",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "BasicContainers", package: "swift-collections"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "MemoryBench", dependencies: ["DMABuf"], path: "Tests/Bench/MemoryBench", swiftSettings: settings),
    .executableTarget(
      name: "ImportBench", dependencies: ["DMABuf"], path: "Tests/Bench/ImportBench", swiftSettings: settings),
    .testTarget(
      name: "DMABufTests", dependencies: ["DMABuf"], exclude: ["Fixtures"],
      swiftSettings: settings),
    .testTarget(
      name: "DMABufToolTests", dependencies: ["DMABufTool"], swiftSettings: settings),
  ],
  swiftLanguageModes: [.v6]
)

// Fuzz targets need libFuzzer's run time, which only scripts/fuzz builds with, and its main instead of the tool's.
if Context.environment["DMABUF_FUZZ"] != nil, let tool = package.targets.first(where: { $0.name == "DMABufTool" }) {
  package.products.removeAll { $0.name == "dmabuf" }
  package.targets.removeAll { $0.name == tool.name }
  package.targets += [
    .target(name: tool.name, dependencies: tool.dependencies, exclude: ["Main.swift"], swiftSettings: settings),
    .executableTarget(
      name: "fuzz",
      dependencies: [
        "DMABuf", "DMABufTool", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Tests/Fuzz", exclude: ["corpus"], swiftSettings: settings),
  ]
}
