// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf
import DMABufCensus
import DMABufHolding
import DMABufHost

/// What a shell offers for the word that is being typed. Nothing is opened that somebody might notice: devices
/// are told by their nodes.
enum Completion {
  /// Names of what is held, and every buffer that can be seen.
  static let references = custom { held() + buffers() }
  /// Names of what is held.
  static let names = custom { held() }
  /// Sources of buffers.
  static let sources = custom { (try? sourceNames()) ?? [] }
  /// DRM and V4L2 nodes.
  static let devices = custom { devicePaths() }
  /// References and devices.
  static let referencesAndDevices = custom { held() + buffers() + devicePaths() }

  private static func held() -> [String] { ((try? Holding.all()) ?? []).map { "\($0.name)" } }

  /// `ino:N`, and `PID:FD` of each descriptor; `fd:N` of those that the shell itself has.
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
      + ["udmabuf", "udmabuf:2M", "udmabuf:1G"]
      + DRMNode.paths().map { "drm:" + $0.dropFirst(DRMNode.directory.count + 1) }.filter { $0.hasPrefix("drm:card") }
  }

  private static func devicePaths() -> [String] { ((try? Device.all()) ?? []).map(\.path) }

  private static func custom(_ words: @escaping @Sendable () -> [String]) -> CompletionKind {
    .custom { _, _, _ in
      // bash expands what it is given once more, so a word that is no plain name is not offered.
      let plain = words().filter { $0.utf8.allSatisfy(isPlain) }
      // For zsh a description follows a colon.
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

  /// What follows ArgumentParser's script for bash.
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
