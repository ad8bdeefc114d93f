/// The version, and what was built in.
enum Version {
  static let number = "0.1.0"
  static let text = "dmabuf \(number)"
}
