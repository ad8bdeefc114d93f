// SPDX-License-Identifier: MIT
/// An ioctl request: its number, the type of its kernel structure, and its name in errors. The type need not be
/// `BitwiseCopyable`: V4L2's structures are, but the compiler cannot see it, because they have pointers in unions.
package struct Request<Argument>: Sendable {
  package let number: CUnsignedLong
  package let call: KernelCall

  package init(_ call: KernelCall, _ number: CUnsignedLong) {
    self.call = call
    self.number = number
  }
}
