/// An ioctl request: its number, the kernel structure it takes, and the name the header gives it,
/// which is also what errors call it. The structure is not demanded to be `BitwiseCopyable`: those of
/// V4L2 are, but have pointers in unions, which hides it from the compiler.
struct Request<Argument>: Sendable {
  let number: CUnsignedLong
  let name: String

  init(_ name: String, _ number: CUnsignedLong) {
    self.name = name
    self.number = number
  }
}
