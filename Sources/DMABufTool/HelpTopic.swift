// SPDX-License-Identifier: MIT
import DMABufImage

/// Topics that several commands share: `dmabuf help TOPIC`.
enum HelpTopic: String, CaseIterable {
  case reference = "REF"
  case exitStatus = "exit-status"
  case sources
  case fences
  case images

  /// Finds the topic of a word, in upper or lower case.
  init?(word: String) {
    guard let topic = Self.allCases.first(where: { $0.rawValue.lowercased() == word.lowercased() }) else {
      return nil
    }
    self = topic
  }

  /// The text of the topic, at most 80 columns wide.
  var text: String {
    switch self {
    case .reference:
      """
      A REF names a buffer, a sync_file or a syncobj.

        NAME     Held under NAME with --hold. dmabuf held lists the names.
        fd:N     Descriptor N, inherited from the caller.
        PID:FD   Descriptor FD of process PID. Needs the right to trace the process.
        ino:N    The buffer with inode number N, as dmabuf stat prints it.

      EXAMPLES
        dmabuf alloc 8M --hold camera; dmabuf map camera --checksum
        dmabuf alloc 8M -- sh -c 'dmabuf map fd:$DMABUF_FD --fill counter'
        dmabuf map 4711:23 --dump --length 256
        dmabuf fence-wait ino:7 --timeout 500ms
      """
    case .exitStatus:
      """
      The exit status of every command:

        0        Done.
        1        The kernel refused, a verification failed, or a part of the
                 result could not be read.
        64       The command line is wrong.
        77       This machine lacks what was asked for. CI may treat it as a skip.
        124      A timeout or deadline passed, as with timeout(1).
        126, 127 The command after -- cannot be started, or was not found.
        128+N    Signal N ended the command, after it had cleaned up.

      A command after -- that was started passes its own exit status on.
      """
    case .sources:
      """
      dmabuf alloc --from SOURCE and dmabuf bench --from SOURCE allocate from:

        heap:NAME    The dma-heap /dev/dma_heap/NAME, such as heap:system.
        heap:cma     The heap over the default CMA area, under any name.
        udmabuf      Memory of the process (a memfd), exported by /dev/udmabuf.
        udmabuf:2M   The same with huge pages of 2M.
        drm:NAME     Dumb buffers of a DRM device: its driver, node or path.

      dmabuf alloc --list reports which of them work on this machine.

      dmabuf stat --source reads which buffers exist from:

        procfs       Descriptors and mappings of all processes that can be read.
        bpf          BPF iterators. Needs root; lists all buffers since Linux 6.16.
        sysfs        /sys/kernel/dmabuf/buffers, where the kernel has statistics.
        bufinfo      debugfs. Needs root, and delays every allocation meanwhile.

      dmabuf doctor reports which of them can be read.
      """
    case .fences:
      """
      A fence is a promise of a driver to finish an operation. It is pending, has
      signalled, or has failed with an errno. DRIVER, TIMELINE and SEQNO identify it.

        implicit   In the reservation object of a buffer. Readers wait for writers,
                   and writers wait for all. SYNC START waits for these fences.
        sync_file  A descriptor of explicit fences. dmabuf fence export creates one
                   from a buffer, dmabuf fence import adds its fences to a buffer.
        syncobj    A DRM object with one fence, or with a timeline of points.

      EXAMPLES
        dmabuf fence info camera                   # which fences are pending?
        dmabuf fence-wait camera --write --timeout 1s
        dmabuf fence create --vgem camera          # a test fence
      """
    case .images:
      """
      An IMAGE is WIDTHxHEIGHT:FOURCC, or WIDTHxHEIGHT:FOURCC:MODIFIER. It stands in
      the place of a SIZE, and the size follows from it. FOURCC is a format of DRM
      or V4L2, such as XR24, NV12 or NM12. The planes follow each other without gaps,
      unless these options are used:

        --stride N[,N]            Bytes from line to line, of plane 0 or each plane.
        --align STRIDE[xHEIGHT]   Strides and heights are multiples of these numbers.
        --layout DEVICE           As this device lays out such an image.
        --offset N[,N]            Where the first plane begins, or each plane.

      dmabuf alloc prints the offset and the stride of each plane. The layout is held
      with a buffer: dmabuf map NAME --image shows the picture.

      A name with -BE has its bytes in reverse order, as in RG16-BE. A name with
      -V4L2 means other pixels in V4L2 than in DRM. These formats are known:

      \(Self.formats)

      EXAMPLES
        dmabuf alloc 1920x1080:NV12 --hold frame
        dmabuf export drm:vgem --size 640x480:XR24 --hold frame
        dmabuf import frame drm:vkms --framebuffer 640x480:XR24
        dmabuf map frame --image --output frame.png
      """
    }
  }

  /// The names of all formats whose size is known, in lines as wide as the text. Names with spaces are quoted as in the
  /// shell.
  private static var formats: String {
    var lines: [String] = []
    for format in PixelFormat.all where !format.planes.isEmpty {
      let name = format.name.contains(" ") ? "'\(format.name)'" : format.name
      if let last = lines.last, last.count + name.count < 76 {
        lines[lines.count - 1] = last + " " + name
      } else {
        lines.append("  " + name)
      }
    }
    return lines.joined(separator: "\n")
  }
}
