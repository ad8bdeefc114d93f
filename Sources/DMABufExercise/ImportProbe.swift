// SPDX-License-Identifier: MIT
public import DMABuf
import Glibc
import SystemPackage

/// Whether a device imports buffers of other devices, as an attempt found it.
public enum ImportProbe: Equatable, Sendable {
  /// It imported one.
  case works
  /// It refused them all; this is the first refusal.
  case refused(KernelError)
  /// There was no buffer to try with, or too little memory to try; and why.
  case unknown(String)
}

extension DRMNode {
  /// Tries to import one page of another exporter: of each heap, of udmabuf, or of vgem, until the device takes one.
  /// Nothing of it stays. Drivers cannot be asked: since Linux 6.6 `DRM_CAP_PRIME` says yes for all of them.
  ///
  /// Corresponds to `DRM_IOCTL_PRIME_FD_TO_HANDLE` and `DRM_IOCTL_GEM_CLOSE`.
  public func probeImport() -> ImportProbe {
    var refusal: KernelError?
    for allocate in Self.foreignBuffers(besides: driver) {
      guard let buffer = try? allocate() else { continue }
      do throws(KernelError) {
        close(try importBuffer(buffer))
        return .works
      } catch {
        switch error.errno {
        case .noMemory, .tooManyOpenFiles, .tooManyOpenFilesInSystem, .interrupted: return .unknown("\(error)")
        default: refusal = refusal ?? error
        }
      }
    }
    return refusal.map { .refused($0) } ?? .unknown("this user cannot allocate a buffer to import")
  }

  private static func foreignBuffers(besides driver: UntrustedText) -> [() throws -> DMABuffer] {
    let page = Mapping.pageSize
    let heaps = ((try? DMAHeap.names()) ?? []).map { name in { try DMAHeap(name).allocate(page) } }
    let vgem = { try testBuffer(besides: driver) }
    return heaps + [{ try UDMABuf().allocate(page) }, vgem]
  }

  /// A dumb buffer of vgem.
  private static func testBuffer(besides driver: UntrustedText) throws -> DMABuffer {
    let name = UntrustedText("vgem".utf8)
    for path in try paths() where driver != name && !isRender(path) {
      guard let node = try? DRMNode(path), node.driver == name else { continue }
      return try node.makeDumbBuffer(width: 32, height: 32, bitsPerPixel: 32).releaseBuffer()
    }
    throw NoDriver(name: "vgem")
  }

  /// Does the device export its buffers? Tried with the smallest dumb buffer; where it makes none, this is what the
  /// driver says.
  ///
  /// Corresponds to `DRM_IOCTL_PRIME_HANDLE_TO_FD`, or to `DRM_CAP_PRIME`.
  public var exportsBuffers: Bool {
    if makesDumbBuffers {
      var stride = 0
      return (try? makeDumbDescriptor(width: 1, height: 1, bitsPerPixel: 32, stride: &stride)) != nil
    }
    return (try? primeSupport().exports) ?? false
  }
}
