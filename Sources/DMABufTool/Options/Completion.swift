// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf
import DMABufCensus
import DMABufHolding
import DMABufHost

/// Words that a shell offers as completions. The code never opens devices, which could be noticed: device nodes tell
/// the kind.
enum Completion {
  /// Held names, and all visible buffers.
  static let references = custom { held() + buffers() }
  /// Held names.
  static let names = custom { held() }
  /// Sources of buffers.
  static let sources = custom { (try? sourceNames()) ?? [] }
  /// DRM and V4L2 nodes.
  static let devices = custom { devicePaths() }
  /// References and devices.
  static let referencesAndDevices = custom { held() + buffers() + devicePaths() }

  private static func held() -> [String] { ((try? Holding.all()) ?? []).map { "\($0.name)" } }

  /// `ino:N` of each buffer, and `PID:FD` of each descriptor, or `fd:N` if the shell itself has the descriptor.
  private static func buffers() -> [String] {
    let census = Census()
    let this = ProcessLimits.processID
    let descriptors = census.buffers.flatMap(\.holders).flatMap { holder in
      holder.descriptors.map { holder.pid == this ? "fd:\($0)" : "\(holder.pid):\($0)" }
    }
    return census.buffers.map { "ino:\($0.inode)" } + descriptors
  }

  private static func sourceNames() throws -> [String] {
    let heaps = try DMAHeap.names()
    return try heaps.map { "heap:\($0)" } + (heaps.contains(where: DMAHeap.cmaNames.contains) ? ["heap:cma"] : [])
      + ["udmabuf"] + MemoryInformation.hugePageSizes().map { "\(BufferSource.udmabuf(hugePageSize: $0))" }
      + DRMNode.paths().map { "drm:" + $0.dropFirst(DRMNode.directory.count + 1) }.filter { $0.hasPrefix("drm:card") }
  }

  private static func devicePaths() -> [String] { ((try? Device.all()) ?? []).map(\.path) }

  private static func custom(_ words: @escaping @Sendable () -> [String]) -> CompletionKind {
    .custom { _, _, _ in
      // bash expands completions once more, so only words of plain characters are offered.
      let plain = words().filter { $0.utf8.allSatisfy(isPlain) }
      // In zsh a colon starts a description.
      return CompletionShell.requesting == .zsh ? plain.map { $0.replacing(":", with: "\\:") } : plain
    }
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: ":"), UInt8(ascii: "/"), UInt8(ascii: "_"),
      UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: ","):
      true
    default: false
    }
  }

  /// Text that follows ArgumentParser's script for bash.
  static let bashColons = #"""

    # A colon ends words for readline, but not for dmabuf: ino:7 and heap:system are one word.
    _dmabuf_with_colons() {
        local -a words=("${COMP_WORDS[0]}")
        local -i index at=0
        local word cur rest="${COMP_LINE#*"${COMP_WORDS[0]}"}"
        for ((index = 1; index < ${#COMP_WORDS[@]}; index++)); do
            word="${COMP_WORDS[index]}"
            if [[ "${rest}" != [[:space:]]* && ("${word}" == :* || "${words[-1]}" == *:) ]]; then
                words[-1]+="${word}"
            else
                words+=("${word}")
            fi
            rest="${rest#*"${word}"}"
            ((index == COMP_CWORD)) && at=${#words[@]}-1
        done
        cur="${2}"
        [[ "${words[at]}" == *:* ]] && cur="${words[at]}"

        local -a COMP_WORDS=("${words[@]}")
        local -i COMP_CWORD=at
        _dmabuf "${1}" "${cur}" "${words[at - 1]}"

        [[ "${COMPREPLY[*]}" == *:* ]] && compopt +o filenames 2>/dev/null
        if [[ "${cur}" == *:* && "${COMP_WORDBREAKS}" == *:* ]]; then
            COMPREPLY=("${COMPREPLY[@]#"${cur%"${cur##*:}"}"}")
        fi
        return 0
    }

    complete -o filenames -F _dmabuf_with_colons dmabuf
    """#
}
