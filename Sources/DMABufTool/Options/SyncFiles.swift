import BasicContainers
import DMABuf

/// Several sync_files that live and die together, and what their fences need to be open.
final class SyncFiles: Keepable {
  private var elements = UniqueArray<SyncFile>()
  private var companions = UniqueArray<OwnedDescriptor>()
  private(set) var kept: [KeptDescriptor] = []

  var count: Int { elements.count }

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

  func information(_ index: Int) throws -> SyncFile.Information { try elements[index].information() }
}
