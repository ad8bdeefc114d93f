// SPDX-License-Identifier: MIT
/// An ioctl request: its number, the kernel structure it takes, and what errors call it. The structure is not demanded to be `BitwiseCopyable`: those of
/// V4L2 are, but have pointers in unions, which hides it from the compiler.
package struct Request<Argument>: Sendable {
  package let number: CUnsignedLong
  package let call: KernelCall

  package init(_ call: KernelCall, _ number: CUnsignedLong) {
    self.call = call
    self.number = number
  }
}
