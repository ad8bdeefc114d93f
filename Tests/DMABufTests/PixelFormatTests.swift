// SPDX-License-Identifier: MIT
import DMABuf
import Foundation
import Testing

@testable import DMABufImage

@Suite("Pixel formats")
struct PixelFormatTests {
  /// A definition of `drm_fourcc.h`: `#define DRM_FORMAT_XR… fourcc_code('X', 'R', '2', '4') /* comment */`.
  struct Definition: CustomTestStringConvertible, Sendable {
    let macro: String
    let code: FourCC
    /// The comment on the line of the definition and the comment before it.
    let comment: String
    var testDescription: String { macro }
  }

  static func definitions(of prefix: String, by function: String, in header: String) -> [Definition] {
    let text = (try? String(contentsOfFile: header, encoding: .utf8)) ?? ""
    let pattern = try! Regex(
      "#define \(prefix)(\\w+)\\s+\(function)(_be)?\\('(.)', ?'(.)', ?'(.)', ?'(.)'\\)(.*)",
      as: (Substring, Substring, Substring?, Substring, Substring, Substring, Substring, Substring).self)
    var above = ""
    return text.split(separator: "\n", omittingEmptySubsequences: false).compactMap { line in
      if line.hasPrefix("/*") { above = "" }
      if line.hasPrefix("/*") || line.hasPrefix(" *") { above += line + "\n" }
      guard let found = line.firstMatch(of: pattern)?.output else { return nil }
      let characters = "\(found.3)\(found.4)\(found.5)\(found.6)"
      guard let code = FourCC(characters) else { return nil }
      let flag: UInt32 = found.2 == nil ? 0 : 1 << 31
      return Definition(
        macro: prefix + found.1, code: FourCC(rawValue: code.rawValue | flag),
        comment: found.7.contains("[") ? String(found.7) : found.7 + "\n" + above)
    }
  }

  static let drm = definitions(of: "DRM_FORMAT_", by: "fourcc_code", in: "/usr/include/libdrm/drm_fourcc.h")
  static let v4l2 = definitions(of: "V4L2_PIX_FMT_", by: "v4l2_fourcc", in: "/usr/include/linux/videodev2.h")

  @Test("The headers are found")
  func headers() {
    #expect(Self.drm.count > 100 && Self.v4l2.count > 150)
  }

  @Test("Each format of drm_fourcc.h is known by its code and name", arguments: drm)
  func complete(_ definition: Definition) throws {
    let format = try #require(PixelFormat(definition.code))
    #expect(format.code == definition.code && format.drmCode == definition.code)
    #expect(format.name == "\(definition.code)")
  }

  /// A field of a comment such as `[31:0] x:R:G:B 2:10:10:10 little endian`: its letter, lowest bit and length.
  struct Field: Hashable {
    let letter: Character
    let position: Int
    let bits: Int
  }

  /// The planes of a comment, each with its bytes.
  static func planes(_ comment: String) -> [(bytes: Int, fields: Set<Field>)] {
    // A comment with "or" has several formats.
    if comment.contains(" * or\n") { return [] }
    let pattern = /\[(\d+):0\]\s+(?<names>[A-Za-z0-9:]+)(\s+\[?(?<bits>[0-9:]+))?/
    return comment.matches(of: pattern).compactMap { found in
      guard let last = Int(found.output.1) else { return nil }
      let names = found.output.names.split(separator: ":").map { name in
        name.hasPrefix("Cr") ? "V" : name.hasPrefix("Cb") ? "U" : String(name.prefix(1).uppercased())
      }
      let even = Array(repeating: (last + 1) / names.count, count: names.count)
      let bits = found.output.bits?.split(separator: ":").compactMap { Int($0) } ?? even
      guard names.count == bits.count, bits.reduce(0, +) == last + 1 else { return nil }
      var position = last + 1
      let fields = zip(names, bits).compactMap { name, bits -> Field? in
        position -= bits
        return ["X", "0", "Z"].contains(name) ? nil : Field(letter: Character(name), position: position, bits: bits)
      }
      return ((last + 1) / 8, Set(fields))
    }
  }

  static let described = drm.filter { planes($0.comment).count == PixelFormat($0.code)?.planes.count }

  @Test("Most formats have a layout in their comments")
  func describedCount() {
    #expect(Self.described.count > 80)
  }

  @Test("The bits of each block are those of the comment in drm_fourcc.h", arguments: described)
  func bits(_ definition: Definition) throws {
    for (plane, expected) in zip(try #require(PixelFormat(definition.code)).planes, Self.planes(definition.comment)) {
      let ours = plane.components.flatMap { component in
        component.positions.map { Field(letter: component.channel.rawValue, position: $0, bits: component.bits) }
      }
      #expect(plane.bytes == expected.bytes)
      #expect(Set(ours) == expected.fields)
    }
  }

  @Test("The shared chrominance is that of the comment in drm_fourcc.h", arguments: drm)
  func subsampling(_ definition: Definition) throws {
    let line = definition.comment.prefix { $0 != "\n" }
    guard let found = line.firstMatch(of: /(?:(\d)x(\d)|(non-))subsampled/) else { return }
    let format = try #require(PixelFormat(definition.code))
    let sides = (found.output.1.flatMap { Int($0) } ?? 1, found.output.2.flatMap { Int($0) } ?? 1)
    #expect(format.subsampling == sides)
    let isCbFirst = line.contains("Cr:Cb") || line.contains("Cb (1)")
    if format.planes.count == 3 {
      #expect(format.planes[1].components[0].channel == (isCbFirst ? .u : .v))
    } else {
      let low = format.planes[1].components.min { $0.positions[0] < $1.positions[0] }
      #expect(low?.channel == (isCbFirst ? .u : .v))
    }
  }

  @Test("A format has a name of its own, which is parsed as the same format", arguments: PixelFormat.all)
  func names(_ format: PixelFormat) throws {
    let parsed = try #require(PixelFormat(name: format.name))
    #expect(parsed == format && parsed.code == format.code && parsed.planes == format.planes)
    #expect(PixelFormat.all.filter { $0.name == format.name }.count == 1)
  }

  /// Compressed formats have no planes. The others lack a public description.
  static let compressed: Set<String> = Set(
    """
    MJPG JPEG dvsd MPEG H264 AVC1 M264 H263 MPG1 MPG2 MG2S MPG4 XVID VC1G VC1L VP80 VP8F VP90 VP9F HEVC FWHT SFWH S264
    S265 CPIA WNVA S910 S920 PWC1 PWC2 E625 S501 S505 S508 S561 P207 M310 JL20 SONX 905C PJPG O511 O518 S680 TM60 CITV
    KONI JPGL S401 S5CI INZI CNF4
    """.split { $0 == " " || $0 == "\n" }.map(String.init))

  @Test("Each format of videodev2.h that is not compressed is known", arguments: v4l2)
  func video(_ definition: Definition) {
    #expect((PixelFormat(v4l2: definition.code) != nil) != Self.compressed.contains("\(definition.code)"))
  }

  @Test(
    "A V4L2 format is the DRM format with the same bytes",
    arguments: [
      ("GREY", "GREY"), ("NM12", "NV12"), ("YM12", "YU12"), ("YM21", "YV12"), ("NM16", "NV16"), ("YM24", "YU24"),
      ("RGB3", "BG24"), ("BGR3", "RG24"), ("BGR4", "XR24"), ("RGB4", "BX24"), ("RGBP", "RG16"), ("RGBR", "RG16-BE"),
      ("AR24", "AR24"), ("BA24", "BA24"), ("AB24", "AB24"), ("422P", "YU16"), ("VUYA", "AYUV"), ("GA12", "BA12"),
      ("AR15-BE", "AR15-BE"),
    ])
  func equivalents(_ name: String, _ drm: String) throws {
    let format = try #require(PixelFormat(name: name + "-V4L2"))
    #expect(format.drmCode.map { "\($0)" } == drm)
  }

  @Test(
    "A code with two meanings has V4L2's only where it is asked for", arguments: ["RG16", "BA12", "AYUV", "XYUV"])
  func ambiguous(_ name: String) throws {
    let code = try #require(FourCC(name))
    #expect(PixelFormat(code)?.name == name)
    #expect(PixelFormat(v4l2: code)?.name == name + "-V4L2")
    #expect(PixelFormat(v4l2: code)?.drmCode == nil)
  }

  @Test("V4L2's name of a DRM format is its single-buffer one")
  func v4l2Code() {
    func name(_ drm: String) -> String? { PixelFormat(name: drm)?.v4l2Code.map { "\($0)" } }
    #expect(name("NV12") == "NV12" && name("RG24") == "BGR3" && name("YU16") == "422P" && name("XR24") == "XR24")
    #expect(name("XV30") == nil && name("YU24") == "444P")
  }

  @Test("Planes have buffers of their own only in the formats with M")
  func separate() {
    let separate = PixelFormat.all.filter(\.hasSeparateBuffers).map(\.name)
    #expect(
      Set(separate) == ["NM12", "NM21", "NM16", "NM61", "PM12", "YM12", "YM21", "YM16", "YM61", "YM24", "YM42"])
  }

  @Test("Bits per pixel are those of all planes")
  func bitsPerPixel() {
    func bits(_ name: String) -> Double? { PixelFormat(name: name)?.bitsPerPixel }
    #expect(bits("XR24") == 32 && bits("NV12") == 12 && bits("NV15") == 15 && bits("YUV9") == 9 && bits("R1") == 1)
    #expect(bits("YUYV") == 16 && bits("Y0L0") == 16 && bits("Y10P") == 10 && bits("AB8F") == 128)
    #expect(bits("VU30") == nil && bits("YU08") == nil)
  }

  @Test("Big-endian is a property of single words")
  func bigEndian() {
    #expect(PixelFormat(name: "XR24-BE")?.planes.count == 1)
    #expect(PixelFormat(name: "NV12-BE") == nil && PixelFormat(name: "RG24-BE") == nil)
    #expect(PixelFormat(name: "R8-BE") == nil)
  }

  @Test(
    "Other text is not a format", arguments: ["", "XXXX", "nv12", "NV12 ", "XR24-be", "NV12-V4L", "-BE", "XR245"])
  func unknown(_ name: String) {
    #expect(PixelFormat(name: name) == nil || name == "NV12 ")
  }
}

@Suite("Format modifiers")
struct FormatModifierTests {
  @Test("A modifier's name is parsed as the same modifier, in either case")
  func names() throws {
    for number in [0, 0x100_0000_0000_0001, 0x100_0000_0000_0002, (1 << 56) - 1] as [UInt64] {
      let name = try #require(FormatModifier(rawValue: number).name)
      #expect(FormatModifier(name)?.rawValue == number)
      #expect(FormatModifier(name.lowercased())?.rawValue == number)
    }
    #expect(FormatModifier("TILED") == nil)
    #expect(FormatModifier("LINEAR") == .linear && FormatModifier("invalid") == .invalid)
  }

  @Test("Numbers are decimal or hexadecimal")
  func numbers() {
    #expect(FormatModifier("0x100000000000001")?.rawValue == 0x100_0000_0000_0001)
    #expect(FormatModifier("7")?.rawValue == 7)
    #expect(FormatModifier("0xffffffffffffffff")?.rawValue == .max)
    #expect(FormatModifier("") == nil && FormatModifier("0x") == nil && FormatModifier("odd") == nil)
    #expect(FormatModifier("0x10000000000000000") == nil && FormatModifier("-1") == nil)
  }

  @Test("A modifier without a name is a number")
  func unnamed() {
    #expect("\(FormatModifier(rawValue: 0x7f00_0000_0000_0001))" == "0x7f00000000000001")
  }
}
