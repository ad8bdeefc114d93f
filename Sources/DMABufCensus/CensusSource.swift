// SPDX-License-Identifier: MIT
import DMABuf
import SystemPackage

/// Something that tells of buffers.
protocol CensusSource {
  var source: Census.Source { get }

  /// Adds what it knows. What was added before an error stays.
  func add(to join: inout CensusJoin) throws(CensusError)
}

extension CensusSource {
  /// Is what the source added before this error worth having?
  func isPartial(_ error: CensusError) -> Bool {
    if case .format(let error) = error { error.reason == .unknownText } else { false }
  }
}

/// A source that lists all buffers of the machine.
protocol MachineList: CensusSource {
  /// Which of these buffers are still there, asked once more.
  func stillListed(_ inodes: Set<UInt64>) -> Set<UInt64>
}
