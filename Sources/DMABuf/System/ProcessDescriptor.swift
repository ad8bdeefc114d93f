// SPDX-License-Identifier: MIT
internal import CDMABuf
import Glibc

extension OwnedDescriptor {
  /// Duplicates descriptor `number` of process `pid`. The copy shares the open file.
  ///
  /// Corresponds to `pidfd_getfd(2)` (Linux 5.6). Throws `EPERM` when the kernel refuses `PTRACE_MODE_ATTACH` (another
  /// user's process, or Yama), `EBADF` when the process has no such descriptor, `ESRCH` when the process does not
  /// exist.
  public init(takenFrom pid: Int32, _ number: CInt) throws(KernelError) {
    let process = cdmabuf_pidfd_open(pid)
    guard process >= 0 else { throw KernelError(.pidfd_open, on: "\(pid)") }
    let handle = OwnedDescriptor(owning: process)
    let copy = cdmabuf_pidfd_getfd(handle.rawValue, number)
    guard copy >= 0 else { throw KernelError(.pidfd_getfd, on: "\(pid):\(number)") }
    self.init(owning: copy)
  }
}
