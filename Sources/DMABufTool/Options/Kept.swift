// SPDX-License-Identifier: MIT
import BasicContainers
import DMABuf
import DMABufHolding

/// What `--hold` can keep.
protocol Keepable: ~Copyable {
  static var kind: HeldObject.Kind { get }
  var descriptorNumber: CInt { get }
}

extension DMABuffer: Keepable {
  static var kind: HeldObject.Kind { .buffer }
}
extension SyncFile: Keepable {
  static var kind: HeldObject.Kind { .syncFile }
}
extension SyncObject: Keepable {
  static var kind: HeldObject.Kind { .syncObject }
}

/// One thing as a holder keeps it.
struct KeptDescriptor {
  var kind: HeldObject.Kind
  let number: CInt
  /// What is kept open beside it.
  var companions: [CInt] = []
  /// What that is, in one line.
  var attached = ""
  var trigger: FenceTrigger?
  /// When the holder makes the fence signal by itself.
  var after: Duration?
}

/// What a command makes or has opened, and what has to stay open with it. All of it lives and dies together: with this,
/// or with the holders that keep it.
final class Kept<Element: Keepable & ~Copyable> {
  private var elements = UniqueArray<Element>()
  private var companions = UniqueArray<OwnedDescriptor>()
  /// What holders keep, a name for each.
  private(set) var descriptors: [KeptDescriptor] = []

  var count: Int { elements.count }
  /// What a command inherits.
  var numbers: [CInt] { (0..<count).map { elements[$0].descriptorNumber } }

  /// Adds an element; its companions are those that are open already.
  func append(
    _ element: consuming Element, attached: String = "", trigger: FenceTrigger? = nil, after: Duration? = nil
  ) {
    descriptors.append(
      KeptDescriptor(
        kind: Element.kind, number: element.descriptorNumber, companions: openCompanions, attached: attached,
        trigger: trigger, after: after))
    elements.append(element)
  }

  /// Keeps what elements depend on: a fence's timeline, a device that has them attached.
  func keepOpen(_ companion: consuming OwnedDescriptor) { companions.append(companion) }

  private var openCompanions: [CInt] { (0..<companions.count).map { companions[$0].rawValue } }

  /// From now on all is kept under one name: the first element with everything else beside it.
  func join(as kind: HeldObject.Kind, attached: String) {
    descriptors = [
      KeptDescriptor(
        kind: kind, number: numbers[0], companions: openCompanions + numbers.dropFirst(), attached: attached)
    ]
  }

  func with<Result>(_ index: Int, _ body: (borrowing Element) throws -> Result) rethrows -> Result {
    try body(elements[index])
  }

  func map<Result>(_ body: (borrowing Element) throws -> Result) rethrows -> [Result] {
    try (0..<count).map { try body(elements[$0]) }
  }
}
