/// An ioctl request: its number, the kernel structure it takes, and the name the header gives it,
/// which is also what errors call it.
struct Request<Argument: BitwiseCopyable>: Sendable {
  let number: CUnsignedLong
  let name: String

  init(_ name: String, _ number: CUnsignedLong) {
    self.name = name
    self.number = number
  }
}
