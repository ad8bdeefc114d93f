import SystemPackage

/// Something that tells of buffers.
protocol CensusSource {
  var source: Census.Source { get }

  /// Adds what it knows. What was added before an error stays.
  func add(to join: inout CensusJoin) throws(KernelError)
}

extension CensusSource {
  /// Is what the source added before this error worth having?
  func isPartial(_ error: KernelError) -> Bool { error.errno == .badMessage }
}

/// A source that lists all buffers of the machine.
protocol MachineList: CensusSource {
  /// Which of these buffers are still there, asked once more.
  func stillListed(_ inodes: Set<UInt64>) -> Set<UInt64>
}
