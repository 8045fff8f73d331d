import ModelFormats
import NeuralGraph

/// The N:M mask of a matrix: in each group of M consecutive columns the N with the highest scores
/// stay, and V adjacent rows share the choice (their scores are summed).
///
/// Columns run with the input channel fastest, so groups lie along input channels (B4). The last
/// group of a row may be shorter than M; it keeps at most N. Ties go to the lower column.
package func fineMask(_ scores: [Float], matrix: WeightMatrix, pattern: HybridPattern) -> [Bool] {
  let columns = matrix.columns
  var mask = [Bool](repeating: false, count: scores.count)
  var sums = [Float](repeating: 0, count: columns)
  for first in stride(from: 0, to: matrix.rows, by: pattern.rows) {
    let rows = first..<min(first + pattern.rows, matrix.rows)
    for column in 0..<columns { sums[column] = 0 }
    for row in rows {
      for column in 0..<columns { sums[column] += scores[row * columns + column] }
    }
    for start in stride(from: 0, to: columns, by: pattern.of) {
      let group = start..<min(start + pattern.of, columns)
      for column in group {
        // A column stays when fewer than N others of its group come before it.
        var better = 0
        for other in group where other != column {
          if sums[other] > sums[column] || (sums[other] == sums[column] && other < column) {
            better += 1
          }
        }
        guard better < pattern.keep else { continue }
        for row in rows { mask[row * columns + column] = true }
      }
    }
  }
  return mask
}
