import DMABuf

/// The version, and what was built in.
enum Version {
  static let number = "0.1.0"

  /// Scripts read the first line.
  static var text: String { "dmabuf \(number)\n" + BuildInformation.text }
}
