// SPDX-License-Identifier: MIT
package import Glibc
import SystemPackage

/// Starts a thread. Throws the error of the kernel or libc.
package func startThread(_ body: @escaping @Sendable () -> Void) throws(KernelError) -> pthread_t {
  final class Work: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }
  let work = unsafe Unmanaged.passRetained(Work(body))
  var thread = pthread_t()
  let result = unsafe pthread_create(
    &thread, nil,
    { argument in
      guard let argument = unsafe argument else { return nil }
      unsafe Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body()
      return nil
    }, unsafe work.toOpaque())
  if result == 0 { return thread }
  unsafe work.release()
  throw KernelError(.pthread_create, on: "thread", errno: Errno(rawValue: result))
}
