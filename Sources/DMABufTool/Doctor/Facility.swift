// SPDX-License-Identifier: MIT
import DMABuf
import DMABufHost
import SystemPackage

/// Something of the machine that work with dma-bufs rests on, as an attempt to use it found it.
struct Facility: Sendable {
  /// What it is, for whoever knows what to do about it.
  enum Kind: Sendable {
    case heap, cmaHeap, udmabuf, drm, v4l2, swSync, bufinfo, sysfsStatistics, bpf, takingDescriptors
    case processes, memory, cma, openFiles, sharing, holding
  }

  /// Who can use it.
  enum State: String, Encodable, Sendable {
    /// This user.
    case works
    /// Root; this user cannot.
    case rootOnly = "root-only"
    /// It is there, and refuses this user (or has too little to give).
    case denied
    /// The machine does not have it.
    case missing
  }

  /// What it is.
  let kind: Kind
  /// Its name in reports: `heap:system`, `/dev/dri/card0`, `bufinfo`.
  let name: String
  /// Who can use it.
  let state: State
  /// What was found: a refusal, or what there is of it.
  let reason: String?

  init(_ kind: Kind, _ name: String, _ state: State, _ reason: String? = nil) {
    self.kind = kind
    self.name = name
    self.state = state
    self.reason = reason
  }

  /// Tries `attempt`; what it returns is the reason of one that works.
  init(_ kind: Kind, _ name: String, trying attempt: () throws -> String?) {
    do {
      self.init(kind, name, .works, try attempt())
    } catch let error as KernelError {
      self.init(kind, name, Self.state(after: error), Self.reason(for: error))
    } catch let obstacle as Obstacle {
      self.init(kind, name, obstacle.state, obstacle.reason)
    } catch {
      self.init(kind, name, .denied, "\(error)")
    }
  }

  private static func state(after error: KernelError) -> State {
    switch error.errno {
    case .noSuchFileOrDirectory, .noSuchAddressOrDevice, .operationNotSupportedByDevice, .noFunction: return .missing
    case .permissionDenied, .notPermitted:
      if ProcessLimits.isRoot { return .denied }
      guard let permissions = FilePermissions(error.subject) else { return .rootOnly }
      return permissions.owner == "root" && permissions.mode & 0o060 != 0 ? .denied : .rootOnly
    default: return .denied
    }
  }

  private static func reason(for error: KernelError) -> String {
    let permissions = error.errno == .permissionDenied ? FilePermissions(error.subject) : nil
    return "\(error)" + (permissions.map { "; the node belongs to \($0)" } ?? "")
  }
}

extension Facility {
  /// What keeps a facility from working, where that is more than the refusal of one call.
  struct Obstacle: Error {
    let state: State
    let reason: String

    init(_ state: State, _ reason: String) {
      self.state = state
      self.reason = reason
    }

    /// Something that only root may do.
    static func privileged(_ reason: String) -> Obstacle {
      Obstacle(ProcessLimits.isRoot ? .denied : .rootOnly, reason)
    }
  }

  /// All of them, each tried now.
  static func all() -> [Facility] {
    heaps() + [udmabuf()] + drm() + v4l2()
      + [swSync(), bufinfo(), sysfsStatistics(), bpf(), takingDescriptors(), processes()]
      + [memory(), cma(), openFiles(), sharing(), holding()]
  }
}
