/// Cases in which every value of every factor meets every value of every other one.
enum PairwiseCases {
  /// Indices of values, one for each factor, given how many values each factor has. Greedy: every
  /// case begins with a pair that is still missing and is filled up with what adds the most pairs.
  static func covering(_ sizes: [Int]) -> [[Int]] {
    var missing: [Pair] = []
    for first in sizes.indices {
      for second in sizes.indices where second > first {
        for a in 0..<sizes[first] {
          for b in 0..<sizes[second] { missing.append(Pair(first, a, second, b)) }
        }
      }
    }
    var left = Set(missing)
    var cases: [[Int]] = []
    for pair in missing where left.contains(pair) {
      var chosen: [Int: Int] = [pair.first: pair.a, pair.second: pair.b]
      for factor in sizes.indices where chosen[factor] == nil {
        // Among equals another one each time.
        let values = (0..<sizes[factor]).map { ($0 + cases.count) % sizes[factor] }
        let gains = values.map { value in
          chosen.count { left.contains(Pair(factor, value, $0.key, $0.value)) }
        }
        let best = gains.indices.max { gains[$0] < gains[$1] } ?? 0
        chosen[factor] = values[best]
      }
      let row = sizes.indices.map { chosen[$0] ?? 0 }
      for first in sizes.indices {
        for second in sizes.indices where second > first {
          left.remove(Pair(first, row[first], second, row[second]))
        }
      }
      cases.append(row)
    }
    return cases
  }

  private struct Pair: Hashable {
    let first, a, second, b: Int

    init(_ factor: Int, _ value: Int, _ other: Int, _ otherValue: Int) {
      (first, a, second, b) =
        factor < other ? (factor, value, other, otherValue) : (other, otherValue, factor, value)
    }
  }
}
