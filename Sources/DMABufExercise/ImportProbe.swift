// SPDX-License-Identifier: MIT
public import DMABuf
import Glibc
import SystemPackage

/// The result of probing whether a device imports buffers of other devices.
public enum ImportProbe: Equatable, Sendable {
  /// The device imported a buffer.
  case works
  /// The device refused all buffers; with the first error.
  case refused(KernelError)
  /// There was no buffer for the probe, or not enough memory; with the reason.
  case unknown(String)
}

extension DRMNode {
  /// Tries to import one page of another exporter: of each heap, of udmabuf, or of vgem, until one import succeeds. The
  /// imports are released again. A probe is necessary, because since Linux 6.6 `DRM_CAP_PRIME` reports imports for
  /// every driver.
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

  private static func testBuffer(besides driver: UntrustedText) throws -> DMABuffer {
    let name = UntrustedText("vgem".utf8)
    for path in try paths() where driver != name && !isRender(path) {
      guard let node = try? DRMNode(path), node.driver == name else { continue }
      return try node.makeDumbBuffer(width: 32, height: 32, bitsPerPixel: 32).releaseBuffer()
    }
    throw NoDriver(name: "vgem")
  }

  /// Whether the device exports its buffers. The probe exports the smallest dumb buffer. For a device without dumb
  /// buffers, this is the capability that the driver reports.
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
