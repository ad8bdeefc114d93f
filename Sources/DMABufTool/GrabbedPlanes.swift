// SPDX-License-Identifier: MIT
import DMABuf
import DMABufDisplay
import DMABufImage
import SystemPackage

/// The planes that were grabbed, and their buffers. Planes may share buffers.
struct GrabbedPlanes {
  struct Plane {
    let plane: DisplayPlane
    let framebuffer: Framebuffer
    /// The inode numbers of the buffers.
    let inodes: [UInt64]
  }

  let buffers = Kept<DMABuffer>()
  private(set) var planes: [Plane] = []

  mutating func append(_ plane: DisplayPlane, of node: borrowing DRMNode) throws {
    guard let id = plane.framebuffer else { return }
    var inodes: [UInt64] = []
    let known = buffers
    let framebuffer = try node.exportFramebuffer(id) { buffer in
      inodes.append(buffer.inode)
      if !known.map({ $0.inode }).contains(buffer.inode) { known.append(buffer) }
    }
    planes.append(Plane(plane: plane, framebuffer: framebuffer, inodes: inodes))
    guard let inode = inodes.first, let image = try? framebuffer.layout(),
      let index = known.map({ $0.inode }).firstIndex(of: inode)
    else { return }
    known.setImage(image, of: index)
  }

  /// The image on a plane.
  func picture(of plane: Plane) throws -> ImageSource {
    let layout = try plane.framebuffer.layout()
    guard let inode = plane.inodes.first, let index = buffers.map({ $0.inode }).firstIndex(of: inode) else {
      throw Failure("cannot show plane \(plane.plane.id): the kernel exports no buffer of it")
    }
    let copy = try DMABuffer(
      OpenFile(OwnedDescriptor(duplicating: buffers.numbers[index]), name: "plane \(plane.plane.id)"))
    return try ImageSource(copy, "plane \(plane.plane.id)", layout)
  }

  /// The error when the kernel did not export all buffers.
  func refusal(of path: String) -> Failure? {
    guard let refused = planes.first(where: { !$0.framebuffer.isExported }) else { return nil }
    if let error = refused.framebuffer.refusal {
      return Failure("\(error)", hint: error.errno == .noFunction ? "the driver cannot export its buffers" : nil)
    }
    return Failure(
      "\(path): DRM_IOCTL_MODE_GETFB2: the buffers of framebuffer \(refused.framebuffer.id) need CAP_SYS_ADMIN",
      hint: "run as root; the DRM master gets the buffers, too")
  }
}

extension Framebuffer {
  /// The layout of the image. Throws if its planes are in several buffers, or if its format is not known.
  func layout() throws -> ImageLayout {
    guard let format = PixelFormat(format) else {
      throw Failure("framebuffer \(id): \(format) is not a known pixel format")
    }
    guard Set(planes.map(\.buffer)).count == 1 else {
      throw Failure("framebuffer \(id): the planes of the image are in several buffers")
    }
    do {
      return try ImageLayout(
        width: width, height: height, format: format, modifier: modifier.map(FormatModifier.init(rawValue:)),
        strides: planes.map(\.stride), offsets: planes.map(\.offset))
    } catch {
      throw Failure("framebuffer \(id): \(error)")
    }
  }
}
