import CKernels
import SparseRuntime
import Testing

/// Cost models made up for tests.
enum SyntheticCosts {
  static let lanes = 16
  /// Widest kernels of 1, 2 and 4 rows, those of AVX-512.
  static let widest = [12, 6, 6]

  /// Kernels that take `fixed(rows, vectors)` a row group and `tap(rows, vectors)` each tap.
  static func model(
    widest: [Int] = widest, fixed: (Int, Int) -> Double = { _, vectors in Double(vectors) },
    tap: (Int, Int) -> Double = { _, vectors in Double(vectors) }, unaligned: Double = 1,
    decoding: Double = 1, packing: Double = 1
  ) -> CostModel {
    CostModel(
      kernels: zip([1, 2, 4], widest).map { rows, count in
        (1...count).map { vectors in
          let aligned = tap(rows, vectors)
          return CostModel.Kernel(
            fixed: fixed(rows, vectors), aligned: aligned, unaligned: aligned * unaligned)
        }
      }, decoding: [decoding, decoding, decoding], packing: packing)
  }

  /// One for the kernels that are here, in which nothing but one width is quick.
  static func preferring(
    vectors preferred: Int, decoding: Double, packing: Double, unaligned: Double,
    _ instructionSet: InstructionSet
  ) throws -> CostModel {
    let table = try #require(crisp_kernels_named(instructionSet.rawValue))
    let widest = table.pointee.widest
    return model(
      widest: [widest.0, widest.1, widest.2], fixed: { _, _ in 0.001 },
      tap: { _, vectors in vectors == preferred ? 0.001 : 1000 }, unaligned: unaligned,
      decoding: decoding, packing: packing)
  }
}
