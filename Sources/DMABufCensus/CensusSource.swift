// SPDX-License-Identifier: MIT
import DMABuf
import SystemPackage

protocol CensusSource {
  var source: Census.Source { get }

  /// Adds the source's data. After an error, the data added before it stays.
  func add(to join: inout CensusJoin) throws(CensusError)
}

extension CensusSource {
  /// Whether the data that was added before this error is useful.
  func isPartial(_ error: CensusError) -> Bool {
    if case .format(let error) = error { error.reason == .unknownText } else { false }
  }
}

/// A source that lists all buffers of the machine.
protocol MachineList: CensusSource {
  /// Returns those of these buffers that the source still lists when read again.
  func stillListed(_ inodes: Set<UInt64>) -> Set<UInt64>
}
