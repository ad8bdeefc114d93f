// SPDX-License-Identifier: MIT
import Testing

@testable import DMABuf

@Suite("Sources of buffers")
struct BufferSourceTests {
  @Test(
    "A source is parsed from its text",
    arguments: [
      ("heap:system", .heap("system")), ("heap:cma", .cmaHeap), ("heap:linux,cma", .heap("linux,cma")),
      ("heap:protected,secure-video", .heap("protected,secure-video")), ("heap:a:b", .heap("a:b")),
      ("udmabuf", .udmabuf(hugePageSize: nil)), ("udmabuf:2M", .udmabuf(hugePageSize: 2_097_152)),
      ("udmabuf:1G", .udmabuf(hugePageSize: 1_073_741_824)), ("udmabuf:64K", .udmabuf(hugePageSize: 65536)),
      ("drm:vgem", .dumb("vgem")), ("drm:/dev/dri/card0", .dumb("/dev/dri/card0")),
      ("/dev/dma_heap/system", .heap("system")), ("/dev/udmabuf", .udmabuf(hugePageSize: nil)),
      ("/dev/dri/card0", .dumb("/dev/dri/card0")), ("heap:\u{301}", .heap("\u{301}")),
    ] as [(String, BufferSource)])
  func parse(_ text: String, _ source: BufferSource) {
    #expect(BufferSource(text) == source)
  }

  @Test(
    "A source is printed as its text",
    arguments: [
      "heap:system", "heap:cma", "udmabuf", "udmabuf:2M", "udmabuf:1G", "udmabuf:64K", "udmabuf:512M", "drm:vgem",
    ])
  func print(_ text: String) {
    #expect(BufferSource(text).map { "\($0)" } == text)
  }

  @Test(
    "Names that would leave /dev/dma_heap are refused",
    arguments: [
      "heap:../null", "heap:..", "heap:.", "heap:a/b", "heap:/dev/null", "heap:", "/dev/dma_heap/../null",
      "/dev/dma_heap/", "heap:a/\u{301}b", "heap:.\u{301}",
    ])
  func pathTraversal(_ text: String) {
    #expect(BufferSource(text) == nil)
  }

  @Test(
    "Any other text is refused as a source",
    arguments: [
      "", "heap", "system", "udmabuf:", "udmabuf:2m", "udmabuf:2", "udmabuf:M", "udmabuf:3M", "udmabuf:0M",
      "udmabuf:+2M", "udmabuf:-2M", "udmabuf:2048M", "udmabuf:٢M", "DMAHeap:system", " heap:system", "memfd", "drm",
      "drm:",
    ])
  func junk(_ text: String) {
    #expect(BufferSource(text) == nil)
  }
}
