// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf
import DMABufHost

/// Does what the words of the command line ask for, and returns the exit status. The executable's `main` calls it.
@c(dmabuf_tool)
public func runTool(
  _ count: CInt, _ words: UnsafePointer<UnsafePointer<CChar>?>
) -> CInt {
  if ProcessLimits.isSetUserID {
    Diagnostics.say(
      "cannot run set-user-ID: the environment and descriptors come from another user", hint: nil)
    return ExitStatus.failed.rawValue
  }
  // Not Swift's own list, which is empty where `/proc` is not mounted.
  let arguments = unsafe UnsafeBufferPointer(start: words, count: Int(count)).dropFirst().compactMap { word in
    unsafe word.map { unsafe SystemText.string(cString: $0) }
  }
  StandardStream.reserve()
  Interruption.adoptSignals()
  let status: CInt
  do {
    try Root.run(arguments)
    status = ExitStatus.done.rawValue
  } catch {
    status = Diagnostics.report(error)
  }
  // Whoever asked the process to end is not told that all is well.
  Interruption.finish()
  return status
}
