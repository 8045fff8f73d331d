import Randomness

extension SeededGenerator {
  mutating func floats(_ count: Int) -> [Float] {
    (0..<count).map { _ in Float(nextUniform() * 2 - 1) }
  }

  /// Two of three positions hold a pixel.
  mutating func mask(_ count: Int) -> [Int32] {
    (0..<count).map { _ in nextIndex(below: 3) == 0 ? 0 : -1 }
  }

  mutating func coin() -> Bool { nextIndex(below: 2) == 0 }

  mutating func index(_ range: ClosedRange<Int>) -> Int {
    range.lowerBound + nextIndex(below: range.count)
  }
}
