// SPDX-License-Identifier: MIT
import ArgumentParser
import DMABuf
import DMABufHost

/// Runs the command line and returns the exit status. The executable's `main` calls this function.
@_cdecl("dmabuf_tool")
public func runTool(
  _ count: CInt, _ words: UnsafePointer<UnsafePointer<CChar>?>
) -> CInt {
  if ProcessLimits.isSetUserID {
    Diagnostics.say(
      "cannot run set-user-ID: the environment and descriptors come from another user", hint: nil)
    return ExitStatus.failed.rawValue
  }
  // Swift's own list of arguments is empty if `/proc` is not mounted.
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
  // A process that was asked to end must not exit with success.
  Interruption.finish()
  return status
}
