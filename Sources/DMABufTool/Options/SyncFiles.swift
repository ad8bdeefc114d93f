import BasicContainers
import DMABuf
import DMABufHolding

/// Fences that a command makes.
protocol KeepableFences: Keepable {
  /// What there is to say of each, with the names they are held under if they are.
  func report(heldAs names: [HeldName]) throws -> [SyncFileReport.File]
}

/// Several sync_files that live and die together, and what their fences need to be open.
final class SyncFiles: KeepableFences {
  private var elements = UniqueArray<SyncFile>()
  private var companions = UniqueArray<OwnedDescriptor>()
  private(set) var kept: [KeptDescriptor] = []

  /// Keeps the timeline or device that the test fences appended later depend on.
  func keepOpen(_ companion: consuming OwnedDescriptor) { companions.append(companion) }

  func append(
    _ file: consuming SyncFile, trigger: FenceTrigger? = nil, attached: String = "", after: Duration? = nil
  ) {
    kept.append(
      KeptDescriptor(
        kind: .syncFile, number: file.descriptorNumber,
        companions: companions.count > 0 ? [companions[0].rawValue] : [], attached: attached, trigger: trigger,
        after: after))
    elements.append(file)
  }

  func report(heldAs names: [HeldName]) throws -> [SyncFileReport.File] {
    try (0..<elements.count).map {
      SyncFileReport.File(
        try elements[$0].information(), reference: nil, heldAs: names.isEmpty ? nil : names[$0])
    }
  }
}
