// swift-tools-version: 6.2
// SPDX-License-Identifier: MIT
import PackageDescription

let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
]

// A build without a connection, as that of the Debian package, has the dependencies in a folder (scripts/vendor).
func dependency(_ name: String, from version: Version) -> Package.Dependency {
  if let folder = Context.environment["DMABUF_VENDOR"] { return .package(path: "\(folder)/\(name)") }
  return .package(url: "https://github.com/apple/\(name)", from: version)
}

// What libbpf needs, after zlib: elfutils 0.196 has a crc32 of its own in libelf.a. Swift puts libraries of module maps in
// another order.
let elf: [LinkerSetting] = [.linkedLibrary("elf")]

let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let basicContainers: Target.Dependency = .product(name: "BasicContainers", package: "swift-collections")
let bitCollections: Target.Dependency = .product(name: "BitCollections", package: "swift-collections")
let systemPackage: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")

// A target depends only on targets above it.
let package = Package(
  name: "dmabuf",
  products: [
    .library(name: "DMABuf", targets: ["DMABuf"]),
    .library(name: "DMABufExercise", targets: ["DMABufExercise"]),
    .library(name: "DMABufImage", targets: ["DMABufImage"]),
    .executable(name: "dmabuf", targets: ["dmabuf"]),
  ],
  dependencies: [
    dependency("swift-argument-parser", from: "1.8.2"),
    dependency("swift-collections", from: "1.6.0"),
    dependency("swift-system", from: "1.8.1"),
  ],
  targets: [
    // Kernel headers, hidden libc calls, handlers.
    .target(name: "CDMABuf"),
    .systemLibrary(name: "CLibDRM", pkgConfig: "libdrm", providers: [.apt(["libdrm-dev"])]),
    // The core: descriptors, ioctls, buffers, CPU access, fences, devices.
    .target(
      name: "DMABuf", dependencies: ["CDMABuf", "CLibDRM", basicContainers, systemPackage], swiftSettings: settings),
    // Planes of displays, framebuffers, atomic commits.
    .target(
      name: "DMABufDisplay", dependencies: ["CDMABuf", "CLibDRM", "DMABuf", systemPackage], swiftSettings: settings),
    // This process and its machine.
    .target(name: "DMABufHost", dependencies: ["CDMABuf", "DMABuf", systemPackage], swiftSettings: settings),
    // All buffers of the machine, and their holders.
    .target(name: "CCensus", exclude: ["bpf"]),
    .systemLibrary(name: "CLibBPF", pkgConfig: "libbpf", providers: [.apt(["libbpf-dev"])]),
    .target(
      name: "DMABufCensus",
      dependencies: ["CCensus", "CDMABuf", "CLibBPF", "DMABuf", bitCollections, systemPackage],
      swiftSettings: settings, linkerSettings: elf),
    // The steps of buffers and fences, as they happen.
    .target(name: "CTrace", exclude: ["bpf"]),
    .target(
      name: "DMABufTrace", dependencies: ["CDMABuf", "CLibBPF", "CTrace", "DMABuf", "DMABufHost", systemPackage],
      swiftSettings: settings, linkerSettings: elf),
    // Pixel formats, layouts of images, pictures.
    .systemLibrary(name: "CLibPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
    .systemLibrary(name: "CLibYUV", providers: [.apt(["libyuv-dev"])]),
    .target(name: "DMABufImage", dependencies: ["CLibPNG", "CLibYUV", "DMABuf"], swiftSettings: settings),
    // Patterns, checksums, bandwidth, test fences.
    .systemLibrary(name: "CXXHash", pkgConfig: "libxxhash", providers: [.apt(["libxxhash-dev"])]),
    .target(
      name: "DMABufExercise", dependencies: ["CDMABuf", "CXXHash", "DMABuf", systemPackage],
      swiftSettings: settings),
    // The checks of the documented behaviour of the kernel.
    .target(
      name: "DMABufConformance",
      dependencies: ["CDMABuf", "DMABuf", "DMABufCensus", "DMABufDisplay", "DMABufHost", systemPackage],
      swiftSettings: settings),
    // The benchmarks.
    .target(
      name: "DMABufBench",
      dependencies: ["CDMABuf", "DMABuf", "DMABufExercise", "DMABufHost", systemPackage], swiftSettings: settings),
    // Processes that hold descriptors under names.
    .target(
      name: "DMABufHolding", dependencies: ["CDMABuf", "DMABuf", "DMABufHost", systemPackage],
      swiftSettings: settings),
    // Commands, options, reports, advice.
    .target(name: "CVersion"),
    .systemLibrary(name: "CUTF8Proc", pkgConfig: "libutf8proc", providers: [.apt(["libutf8proc-dev"])]),
    .target(
      name: "DMABufTool",
      dependencies: [
        "CUTF8Proc", "CVersion", "DMABuf", "DMABufBench", "DMABufCensus", "DMABufConformance", "DMABufDisplay",
        "DMABufExercise", "DMABufHolding", "DMABufHost", "DMABufImage", "DMABufTrace", argumentParser,
        basicContainers, systemPackage,
      ],
      swiftSettings: settings),
    // The executable, with `main`.
    .executableTarget(name: "dmabuf", dependencies: ["CVersion", "DMABufHolding", "DMABufTool"]),
    .testTarget(
      name: "DMABufTests",
      dependencies: [
        "CTrace", "DMABuf", "DMABufBench", "DMABufCensus", "DMABufConformance", "DMABufDisplay", "DMABufExercise",
        "DMABufHolding", "DMABufHost", "DMABufImage", "DMABufTrace",
      ],
      exclude: ["Fixtures"], swiftSettings: settings),
    .testTarget(
      name: "DMABufToolTests", dependencies: ["DMABufTool"], swiftSettings: settings),
  ],
  swiftLanguageModes: [.v6]
)

// Fuzz targets need libFuzzer's run time. Only scripts/fuzz builds with it.
if Context.environment["DMABUF_FUZZ"] != nil {
  package.targets.append(
    .executableTarget(
      name: "fuzz",
      dependencies: [
        "CTrace", "DMABuf", "DMABufBench", "DMABufCensus", "DMABufDisplay", "DMABufExercise", "DMABufHolding",
        "DMABufHost", "DMABufImage", "DMABufTool", "DMABufTrace", argumentParser,
      ],
      path: "Tests/Fuzz", exclude: ["corpus"], swiftSettings: settings))
}
