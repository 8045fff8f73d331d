/// The triangle filter along one axis: which source positions make each new one, and with what
/// weights. Pixel centres are aligned (as PyTorch's `align_corners=False`); shrinking averages over
/// the source area, as PIL and torchvision's antialiased resizing do.
struct ResamplingAxis {
  /// First source position of each new one.
  private(set) var starts: [Int] = []
  /// Where each new position's weights begin in `weights`; one entry more than positions.
  private(set) var offsets: [Int] = [0]
  /// Sum to 1 for each new position.
  private(set) var weights: [Float] = []

  /// Stretches the source's `length` pixels from `origin` to `size` new ones, of which only
  /// `positions` are wanted. Pixels outside that part, or outside `0..<count`, weigh nothing.
  init(origin: Double = 0, length: Double, count: Int, size: Int, positions: Range<Int>) {
    let scale = length / Double(size)
    let support = max(1, scale)
    let lower = max(0, Int(origin.rounded(.down)))
    let upper = min(count, Int((origin + length).rounded(.up)))
    for position in positions {
      let centre = origin + (Double(position) + 0.5) * scale - 0.5
      let first = max(lower, Int((centre - support).rounded(.up)))
      let last = min(upper - 1, Int((centre + support).rounded(.down)))
      var found: [Double] = []
      var start = first
      for source in stride(from: first, through: last, by: 1) {
        let weight = 1 - abs(Double(source) - centre) / support
        if weight > 0 {
          found.append(weight)
        } else if found.isEmpty {
          start = source + 1
        }
      }
      let total = found.reduce(0, +)
      starts.append(start)
      weights.append(contentsOf: found.map { Float($0 / total) })
      offsets.append(weights.count)
    }
  }

  /// Stretches all of a source.
  init(from count: Int, to size: Int) {
    self.init(length: Double(count), count: count, size: size, positions: 0..<size)
  }

  /// Number of new positions.
  var count: Int { starts.count }

  /// The source positions that any new one needs.
  var sources: Range<Int> {
    guard let first = starts.min() else { return 0..<0 }
    let last = starts.indices.map { starts[$0] + offsets[$0 + 1] - offsets[$0] }.max() ?? first
    return first..<last
  }
}
