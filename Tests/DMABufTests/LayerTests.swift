// SPDX-License-Identifier: MIT
import Foundation
import Testing

/// The rules of the layers that the compiler does not enforce.
@Suite("Layers")
struct LayerTests {
  struct Source: CustomTestStringConvertible, Sendable {
    let path: String
    let text: String
    var testDescription: String { path }

    /// The code without lines that are comments.
    var code: [Substring] {
      text.split(separator: "\n").filter { !$0.trimmingCharacters(in: .whitespaces).hasPrefix("//") }
    }

    var imports: [String] {
      code.compactMap { line in
        let words = line.split(separator: " ")
        guard let index = words.firstIndex(of: "import"), index <= 1, index + 1 < words.count else { return nil }
        return String(words[index + 1])
      }
    }

    func calls(_ function: String) -> Bool {
      code.contains { line in
        line.firstMatch(of: try! Regex("(^|[^A-Za-z0-9_.`])(Swift\\.|Glibc\\.)?\(function)\\(")) != nil
          && !line.contains("func \(function)(")
      }
    }
  }

  static func sources(in folder: String) -> [Source] {
    let root = Checkout.sources.appendingPathComponent(folder)
    let names = FileManager.default.enumerator(atPath: root.path)?.compactMap { $0 as? String } ?? []
    return names.sorted().filter { [".swift", ".c", ".h"].contains(where: $0.hasSuffix) }.map {
      Source(
        path: "\(folder)/\($0)", text: (try? String(contentsOfFile: root.path + "/" + $0, encoding: .utf8)) ?? "")
    }
  }

  static let core = [
    "DMABuf", "DMABufBench", "DMABufCensus", "DMABufConformance", "DMABufDisplay", "DMABufExercise", "DMABufHolding",
    "DMABufHost", "DMABufImage",
  ].flatMap { sources(in: $0) }
  static let tool = sources(in: "DMABufTool")
  static let all = sources(in: "")

  @Test("The sources are found")
  func exist() {
    #expect(Self.core.count > 10 && Self.tool.count > 10)
  }

  @Test("The library imports neither ArgumentParser nor Foundation", arguments: core)
  func coreImports(_ source: Source) {
    #expect(source.imports.filter { $0.hasPrefix("ArgumentParser") || $0.hasPrefix("Foundation") } == [])
  }

  @Test(
    "The library neither prints nor exits", arguments: core,
    ["print", "debugPrint", "puts", "printf", "exit", "_exit"])
  func coreIsQuiet(_ source: Source, _ function: String) {
    #expect(!source.calls(function))
  }

  @Test("The library does not read the command line", arguments: core)
  func coreArguments(_ source: Source) {
    #expect(!source.code.contains { $0.contains("CommandLine") })
  }

  /// Without these modules the compiler finds no system call. The other functions of libc in the tool issue none.
  @Test("The tool imports neither libc nor the C layer", arguments: tool)
  func toolImports(_ source: Source) {
    let pure = ["Options/Glob", "Output/Table"].map { "DMABufTool/\($0).swift" }
    let imported = Set(source.imports).intersection(["CDMABuf", "Glibc"])
    #expect(imported == (pure.contains(source.path) ? ["Glibc"] : []))
  }

  @Test("The core needs libdrm, and none of the libraries that other targets need")
  func libraries() throws {
    let undefined = try undefinedSymbols(of: "DMABuf").union(undefinedSymbols(of: "CDMABuf"))
    #expect(undefined.contains { $0.hasPrefix("drm") })
    let others = ["bpf_", "btf_", "libbpf_", "elf", "gelf", "XXH", "inflate", "deflate", "ZSTD", "png_", "NV12"]
    #expect(undefined.filter { symbol in others.contains { symbol.hasPrefix($0) } } == [])
  }

  /// The undefined symbols in the object files of a target, according to nm(1), in the build beside this test.
  private func undefinedSymbols(of target: String) throws -> Set<Substring> {
    let folder = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
      .appendingPathComponent("\(target).build")
    // Object files of sources that have moved to other targets remain in the folder.
    let built = Set(Self.sources(in: target).map { URL(fileURLWithPath: $0.path).lastPathComponent + ".o" })
    let objects = try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter {
      built.contains(URL(fileURLWithPath: $0).lastPathComponent)
    }
    #expect(!objects.isEmpty)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["nm", "--undefined-only", "--format=posix"] + objects.map { folder.path + "/" + $0 }
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    return Set(text.split(separator: "\n").map { $0.prefix { $0 != " " } })
  }

  @Test("Each source file names its licence", arguments: all)
  func licence(_ source: Source) {
    #expect(source.text.prefix(100).contains("SPDX-License-Identifier: MIT"))
  }

  @Test("No file is longer than 400 lines", arguments: all)
  func length(_ source: Source) {
    #expect(source.text.split(separator: "\n", omittingEmptySubsequences: false).count <= 401)
  }
}
