internal import CStart
import DMABuf
import Glibc

/// What this process was started with.
enum ProcessArguments {
  /// The words after the program's name, as ``SystemText`` writes them. Swift's own list is empty where `/proc` is
  /// not mounted.
  static let words: [String] = {
    guard let arguments = unsafe cstart_arguments() else { return [] }
    var words: [String] = []
    while let word = unsafe arguments[words.count] {
      unsafe words.append(SystemText.string(UnsafeRawBufferPointer(start: word, count: strlen(word))))
    }
    return Array(words.dropFirst())
  }()
}
