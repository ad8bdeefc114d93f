// SPDX-License-Identifier: MIT
import DMABuf
import DMABufHost
import SystemPackage

/// A facility of the machine that dma-bufs depend on, and the result of probing it.
struct Facility: Sendable {
  /// The kind of a facility, which determines the remedy.
  enum Kind: Sendable {
    case heap, cmaHeap, udmabuf, drm, v4l2, swSync, bufinfo, sysfsStatistics, bpf, trace, takingDescriptors
    case processes, memory, cma, openFiles, sharing, holding
  }

  /// The users that can use a facility.
  enum State: String, Encodable, Sendable {
    /// This user can use the facility.
    case works
    /// Only root can use the facility.
    case rootOnly = "root-only"
    /// The facility exists, but refuses this user or has too few resources.
    case denied
    /// The machine does not have the facility.
    case missing
  }

  let kind: Kind
  /// The name in reports: `heap:system`, `/dev/dri/card0`, `bufinfo`.
  let name: String
  /// The users that can use the facility.
  let state: State
  /// The result of the probe: an error, or details of the facility.
  let reason: String?
  /// The permissions of the node that refused this user.
  let node: DMABufHost.FilePermissions?

  init(
    _ kind: Kind, _ name: String, _ state: State, _ reason: String? = nil, node: DMABufHost.FilePermissions? = nil
  ) {
    self.kind = kind
    self.name = name
    self.state = state
    self.reason = reason
    self.node = node
  }

  /// Runs `attempt`. Its result becomes the reason of a facility that works.
  init(_ kind: Kind, _ name: String, trying attempt: () throws -> String?) {
    do {
      self.init(kind, name, .works, try attempt())
    } catch let error as KernelError {
      let node = error.errno == .permissionDenied ? FilePermissions(error.subject) : nil
      self.init(
        kind, name, Self.state(after: error), "\(error)" + (node.map { "; the node belongs to \($0)" } ?? ""),
        node: node)
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
}

extension Facility {
  /// An error with the state and the reason of a facility that does not work, if these are more than the error of one
  /// call.
  struct Obstacle: Error {
    let state: State
    let reason: String

    init(_ state: State, _ reason: String) {
      self.state = state
      self.reason = reason
    }

    /// An obstacle of a facility that only root may use.
    static func privileged(_ reason: String) -> Obstacle {
      Obstacle(ProcessLimits.isRoot ? .denied : .rootOnly, reason)
    }
  }

  static func all() -> [Facility] {
    heaps() + [udmabuf()] + drm() + v4l2()
      + [swSync(), bufinfo(), sysfsStatistics(), bpf(), trace(), takingDescriptors(), processes()]
      + [memory(), cma(), openFiles(), sharing(), holding()]
  }
}
