/// Whether a body comes fast enough: measured over one window after the other, because an average
/// since its beginning would let a long body buy hours of silence.
package struct BodyRate: Sendable {
  private var start: UInt64
  private var count = 0

  /// The first window begins.
  /// - Parameter now: nanoseconds of any clock that only goes forward.
  package init(now: UInt64) { start = now }

  /// Whether a window is over and brought too little; the next window begins when one is over.
  /// - Parameter count: bytes of the body so far.
  package mutating func isTooLow(count: Int, now: UInt64, limits: Limits) -> Bool {
    let passed = now > start ? now - start : 0
    guard passed > limits.bodyWindow.nanoseconds else { return false }
    let expected = Double(limits.bodyMinimumRate) * Double(passed) / 1e9
    let brought = Double(count - self.count)
    start = now
    self.count = count
    return brought < expected
  }
}
