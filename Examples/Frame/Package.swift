// swift-tools-version: 6.2
// SPDX-License-Identifier: MIT
import PackageDescription

let package = Package(
  name: "frame",
  // A package outside this repository has a URL and a version here.
  dependencies: [.package(name: "dmabuf", path: "../..")],
  targets: [
    .executableTarget(
      name: "frame", dependencies: [.product(name: "DMABuf", package: "dmabuf")], path: "Sources")
  ])
