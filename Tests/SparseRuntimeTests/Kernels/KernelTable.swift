import CKernels
import SparseRuntime
import Testing

/// The C kernels of one instruction set.
struct KernelTable {
  let pointer: UnsafePointer<crisp_kernels>

  init(_ instructionSet: InstructionSet) throws {
    pointer = try #require(crisp_kernels_named(instructionSet.rawValue))
  }

  /// Floats in one vector.
  var lanes: Int { pointer.pointee.lanes }

  /// Vectors of the widest kernel for 1, 2 or 4 rows.
  func widest(rows: Int) -> Int {
    let widest = pointer.pointee.widest
    return rows == 1 ? widest.0 : rows == 2 ? widest.1 : widest.2
  }

  func stretch(rows: Int, vectors: Int) throws
    -> @convention(c) (
      UnsafePointer<crisp_stretch>?, Int
    ) -> Void
  {
    let kernels = pointer.pointee.kernels
    let ofRows = rows == 1 ? kernels.0 : rows == 2 ? kernels.1 : kernels.2
    let kernel = try #require(ofRows)[vectors - 1]
    return try #require(kernel)
  }

  /// `count` in whole vectors.
  func rounded(_ count: Int) -> Int { (count + lanes - 1) / lanes * lanes }
}

/// Memory of exactly so many elements, so that AddressSanitizer sees what is read or written beyond.
final class Exactly<Element: BitwiseCopyable> {
  let start: UnsafeMutablePointer<Element>
  let count: Int

  init(_ elements: [Element]) {
    count = elements.count
    start = .allocate(capacity: count)
    for (index, element) in elements.enumerated() {
      (start + index).initialize(to: element)
    }
  }

  convenience init(_ element: Element, count: Int) {
    self.init([Element](repeating: element, count: count))
  }

  deinit { start.deallocate() }

  var elements: [Element] { Array(UnsafeBufferPointer(start: start, count: count)) }
}

/// Counts what was compared and keeps the first fault: an expectation for each of millions of floats
/// would take minutes.
struct Comparison {
  private(set) var count = 0, faults = 0
  private(set) var first = ""

  mutating func expect(_ holds: Bool, _ what: @autoclosure () -> String) {
    count += 1
    guard !holds else { return }
    if faults == 0 { first = what() }
    faults += 1
  }

  /// Equal to 1e-5 of `scale`, or both no number.
  mutating func expect(
    _ found: Float, _ expected: Double, scale: Double, _ what: @autoclosure () -> String
  ) {
    let difference = abs(Double(found) - expected)
    let equal =
      expected.isNaN
      ? found.isNaN : Double(found) == expected || difference <= 1e-5 * scale
    expect(equal, "\(what()): \(found) instead of \(expected)")
  }

  func report(sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(count > 0, sourceLocation: sourceLocation)
    #expect(
      faults == 0, "\(faults) of \(count), first \(first)", sourceLocation: sourceLocation)
  }
}

/// What outputs hold before a kernel runs.
let untouched: Float = 7

/// The clamp of the kernels: a NaN stays one.
func clamped(_ value: Double, _ lower: Float, _ upper: Float) -> Double {
  value < Double(lower) ? Double(lower) : value > Double(upper) ? Double(upper) : value
}
