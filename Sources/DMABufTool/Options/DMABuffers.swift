import BasicContainers
import DMABuf
import DMABufHolding

/// Several buffers that live and die together.
final class DMABuffers: Keepable {
  private var elements = UniqueArray<DMABuffer>()

  var count: Int { elements.count }
  var kept: [KeptDescriptor] { descriptors.map { KeptDescriptor(kind: .buffer, number: $0) } }
  var descriptors: [Int32] { (0..<count).map { elements[$0].descriptorNumber } }

  func append(_ buffer: consuming DMABuffer) { elements.append(buffer) }

  func withBuffer<Result>(_ index: Int, _ body: (borrowing DMABuffer) throws -> Result) rethrows -> Result {
    try body(elements[index])
  }
}
