import ModelFormats
import NeuralGraph
import Testing

/// Positions are checked many at a time; here one group after another is every possible one.
@Suite struct PositionTests {
  @Test(arguments: [(1, 1), (2, 1), (2, 4), (3, 1), (3, 4)])
  func everyGroupMustAscend(keep: Int, rows: Int) throws {
    let pattern = try HybridPattern(keep: keep, block: 8, rows: rows)
    let matrix = WeightMatrix(rows: 24, taps: 1, inChannels: 16)
    let tiles = 3
    let groups = tiles * 8 / rows * 2
    let values = [Float](repeating: 0, count: tiles * pattern.slotsPerTile)
    for group in 0..<groups {
      for number in 0..<(1 << (2 * keep)) {
        var positions = (0..<groups).flatMap { _ in (0..<keep).map { UInt8($0) } }
        let changed = (0..<keep).map { UInt8(number >> (2 * $0) & 3) }
        positions.replaceSubrange(group * keep..<(group + 1) * keep, with: changed)
        let ascends = zip(changed, changed.dropFirst()).allSatisfy { $0 < $1 }
        do {
          let layer = try PackedLayer(
            name: "x", matrix: matrix, pattern: pattern, keptTiles: 1, values: values,
            blockColumns: [0, 1, 0], positions: positions)
          #expect(ascends, "group \(group) accepted as \(changed)")
          #expect(layer.positions == positions)
        } catch {
          #expect(!ascends, "group \(group) refused as \(changed)")
          let blockRow = group / (groups / tiles)
          #expect(error == .positionsNotAscending(layer: "x", blockRow: blockRow))
        }
      }
    }
  }
}
