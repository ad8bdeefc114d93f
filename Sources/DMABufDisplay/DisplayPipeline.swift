// SPDX-License-Identifier: MIT
internal import CLibDRM
public import DMABuf
import Glibc

/// A CRTC with the connector that it drives, and the plane that shows an image on it.
public struct DisplayPipeline: Equatable, Sendable {
  /// The connector.
  public let connector: Connector
  /// The id of the CRTC.
  public let crtc: UInt32
  /// The id of the primary plane.
  public let plane: UInt32
  /// The planes that show something else on this CRTC now.
  public let others: [UInt32]
  /// The mode whose size is that of the image.
  public let mode: DisplayMode
  /// The connector that writes what the CRTC shows into a framebuffer; `nil` unless requested.
  public let writeback: Connector?
  /// Whether the CRTC drives only the writeback connector: on some devices it cannot drive both at a time.
  public private(set) var writesBackAlone = false

  /// The connector that shows the image.
  public var shownOn: Connector { writesBackAlone ? writeback ?? connector : connector }

  /// The same without the monitor; `nil` without a writeback connector.
  var alone: DisplayPipeline? {
    guard writeback != nil else { return nil }
    var pipeline = self
    pipeline.writesBackAlone = true
    return pipeline
  }
}

/// An error: a display device cannot show an image.
public enum DisplayError: Error, Equatable, Sendable {
  /// The driver has no atomic commits (`DRM_CLIENT_CAP_ATOMIC`).
  case notAtomic(path: String)
  /// There is no connector with this name. Lists the names that exist.
  case noConnector(path: String, name: String, names: [String])
  /// No connector has a monitor.
  case notConnected(path: String)
  /// The monitor has no mode of this size. Lists the sizes that it has.
  case noMode(connector: String, width: Int, height: Int, modes: [String])
  /// No CRTC with a primary plane is free for the connector.
  case noCRTC(connector: String)
  /// The device has no writeback connector for the CRTC.
  case noWriteback(path: String)
  /// A plane or writeback connector does not support the format. Lists the formats that it supports.
  case unsupported(subject: String, format: FourCC, formats: [FourCC])
}

extension DisplayError {
  /// Whether the device lacks something that no other argument of the caller provides.
  public var isOfMachine: Bool {
    switch self {
    case .notAtomic, .notConnected, .noWriteback: true
    case .noConnector, .noMode, .noCRTC, .unsupported: false
    }
  }
}

extension DisplayError: CustomStringConvertible {
  /// One line without the lists.
  public var description: String {
    switch self {
    case .notAtomic(let path): "\(path): the driver has no atomic commits (DRM_CLIENT_CAP_ATOMIC)"
    case .noConnector(let path, let name, _): "\(path): there is no connector \(name)"
    case .notConnected(let path): "\(path): no monitor is connected"
    case .noMode(let connector, let width, let height, _): "\(connector): there is no mode of \(width)x\(height)"
    case .noCRTC(let connector): "\(connector): no CRTC is free"
    case .noWriteback(let path): "\(path): there is no writeback connector"
    case .unsupported(let subject, let format, _): "\(subject): the format \(format) is not supported"
    }
  }
}

extension DRMNode {
  /// Chooses the connector with a name, or the first that has a monitor. Its CRTC is the one that drives it now, or a
  /// free one. The image has the size of a mode.
  ///
  /// Throws ``DisplayError`` and ``KernelError``.
  public func pipeline(
    connector name: String?, for layout: FramebufferLayout, writesBack: Bool
  ) throws -> DisplayPipeline {
    guard drmSetClientCap(descriptorNumber, UInt64(DRM_CLIENT_CAP_ATOMIC), 1) == 0 else {
      throw DisplayError.notAtomic(path: path)
    }
    let connectors = try connectors()
    let monitors = connectors.filter { !$0.isWriteback }
    guard let connector = monitors.first(where: { name == nil ? $0.isConnected : $0.name == name }) else {
      guard let name else { throw DisplayError.notConnected(path: path) }
      throw DisplayError.noConnector(path: path, name: name, names: monitors.map(\.name))
    }
    guard let mode = connector.modes.first(where: { $0.width == layout.width && $0.height == layout.height }) else {
      var sizes: [String] = []
      for mode in connector.modes where !sizes.contains("\(mode)") { sizes.append("\(mode)") }
      throw DisplayError.noMode(
        connector: connector.name, width: layout.width, height: layout.height, modes: sizes)
    }
    let (crtc, plane, others) = try place(of: connector, among: connectors)
    try require(layout.format, of: "plane \(plane)", try planeFormats(plane))
    var writeback: Connector?
    if writesBack {
      writeback = connectors.first { $0.isWriteback && $0.possibleCRTCs.contains(crtc) }
      guard let writeback else { throw DisplayError.noWriteback(path: path) }
      try require(layout.format, of: writeback.name, try writebackFormats(writeback.id))
    }
    return DisplayPipeline(
      connector: connector, crtc: crtc, plane: plane, others: others, mode: mode, writeback: writeback)
  }

  /// The CRTC for a connector, its primary plane, and the other planes that it shows now.
  private func place(
    of connector: Connector, among connectors: [Connector]
  ) throws -> (crtc: UInt32, plane: UInt32, others: [UInt32]) {
    let planes = try displayPlanes()
    let primary = planes.filter { $0.kind == .primary }
    let busy = connectors.filter { $0.id != connector.id }.compactMap(\.crtc)
    let candidates = connector.crtc.map { [$0] } ?? connector.possibleCRTCs.filter { !busy.contains($0) }
    for crtc in candidates {
      let mine =
        primary.first { $0.crtc == crtc } ?? primary.first { $0.crtc == nil && $0.possibleCRTCs.contains(crtc) }
      guard let mine else { continue }
      return (crtc, mine.id, planes.filter { $0.crtc == crtc && $0.id != mine.id }.map(\.id))
    }
    throw DisplayError.noCRTC(connector: connector.name)
  }

  private func require(_ format: FourCC, of subject: String, _ formats: [FourCC]) throws(DisplayError) {
    guard formats.contains(format) else {
      throw .unsupported(subject: "\(path): \(subject)", format: format, formats: formats)
    }
  }

  /// The formats that a writeback connector writes: an array of 32-bit numbers.
  private func writebackFormats(_ id: UInt32) throws(KernelError) -> [FourCC] {
    let properties = try ObjectProperties(of: id, .connector, on: self)
    guard let blob = properties["WRITEBACK_PIXEL_FORMATS"].flatMap({ UInt32(exactly: $0.value) }), blob != 0 else {
      return []
    }
    let bytes = try PropertyBlob.bytes(of: blob, on: self)
    return (0..<bytes.count / 4).map { index in
      FourCC(rawValue: bytes[4 * index..<4 * index + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) })
    }
  }
}
