import Foundation

/// Bitmaps on both sides and outer products (Wang et al., ISCA 2021): a column of 64 weights times a row of
/// 64 activations, each condensed to what is not zero. What is left is worked on 16 at a time, so that
/// random zeros leave elements idle; every product is added in the registers.
extension Dataflow {
  /// - Parameter density: Share of weights kept, anywhere.
  static func dualSide(_ product: MatrixProduct, density: Double, machine: Machine) -> Dataflow {
    let side = machine.rows
    let granule = machine.partitionRows
    let inputs = product.activationDensity
    // The registers hold one piece of the outputs; its form is the one that reads least.
    let widths = [32, 64, 128, 256]
    func words(_ width: Int) -> Double {
      density / Double(width) + inputs * Double(width) / Double(machine.accumulators)
    }
    let width = widths.min { words($0) < words($1) } ?? side
    let height = machine.accumulators / width
    let multipliers = Double(machine.multipliers)
    return Dataflow(
      rows: product.outputs.rounded(upTo: side), columns: product.depth,
      computed: granuleShare(side, granule, density) * granuleShare(side, granule, inputs),
      // Its words are those of a dense cycle; skipping makes cycles fewer, not words.
      fed: 1,
      multiplied: density * inputs, sumsPerMultiply: 1,
      inputWords: multipliers * inputs / Double(height),
      weightWords: { _ in multipliers * density / Double(width) },
      metadataBytes: { _ in multipliers * (1 / Double(width) + 1 / Double(height)) / 8 },
      placeBits: 0,
      row: StoredVector(
        words: Double(product.depth) * density, metadata: Double(product.depth) / 8),
      column: product.column(depth: product.depth, stored: inputs, bitmap: true),
      rowUnit: side, positionUnit: 256)
  }

  /// Mean share of granules that hold anything when each of `count` elements is kept with `density`: the
  /// mean of ⌈k / granule⌉ over binomial k, in terms of all granules.
  static func granuleShare(_ count: Int, _ granule: Int, _ density: Double) -> Double {
    guard density < 1 else { return 1 }
    guard density > 0 else { return 0 }
    var mean = 0.0
    for kept in 0...count {
      let ways =
        lgamma(Double(count) + 1) - lgamma(Double(kept) + 1) - lgamma(Double(count - kept) + 1)
      let probability = exp(
        ways + Double(kept) * log(density) + Double(count - kept) * log1p(-density))
      mean += probability * Double((kept + granule - 1) / granule)
    }
    return mean * Double(granule) / Double(count)
  }
}
