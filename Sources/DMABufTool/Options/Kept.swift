// SPDX-License-Identifier: MIT
import BasicContainers
import DMABuf
import DMABufHolding
import DMABufImage

/// An object that `--hold` can hold.
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

/// An object to hold, as its holder receives it.
struct KeptDescriptor {
  var kind: HeldObject.Kind
  let number: CInt
  /// Further descriptors that the holder keeps open.
  var companions: [CInt] = []
  /// A description of the companions, in one line.
  var attached = ""
  /// The layout of the image in the buffer.
  var image: ImageLayout?
  var trigger: FenceTrigger?
  /// The time after which the holder signals the fence.
  var after: Duration?
}

/// The objects that a command created or opened, and the descriptors that have to stay open with them. All are released
/// together with this object, unless holders hold them.
final class Kept<Element: Keepable & ~Copyable> {
  private var elements = UniqueArray<Element>()
  private var companions = UniqueArray<OwnedDescriptor>()
  /// The objects to hold, one for each name.
  private(set) var descriptors: [KeptDescriptor] = []

  var count: Int { elements.count }
  /// The descriptors that a command inherits.
  var numbers: [CInt] { (0..<count).map { elements[$0].descriptorNumber } }

  /// Adds an element. Its companions are those that are open already.
  func append(
    _ element: consuming Element, attached: String = "", image: ImageLayout? = nil, trigger: FenceTrigger? = nil,
    after: Duration? = nil
  ) {
    descriptors.append(
      KeptDescriptor(
        kind: Element.kind, number: element.descriptorNumber, companions: openCompanions, attached: attached,
        image: image, trigger: trigger, after: after))
    elements.append(element)
  }

  /// Sets the layout of the image in an element.
  func setImage(_ image: ImageLayout?, of index: Int) { descriptors[index].image = image }

  /// Keeps a descriptor open that elements depend on: a fence's timeline, or a device with imports.
  func keepOpen(_ companion: consuming OwnedDescriptor) { companions.append(companion) }

  private var openCompanions: [CInt] { (0..<companions.count).map { companions[$0].rawValue } }

  /// Joins all objects under one name: the first element, with everything else as its companions.
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
