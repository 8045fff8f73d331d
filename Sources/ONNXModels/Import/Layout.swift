import NeuralGraph

/// How an ONNX value lays out what the graph's node holds as channels x height x width: the factors
/// of each of its axes. Reshapes split and join factors and transpositions move them, so that NHWC,
/// shuffled channels and flattened images in any order are all one thing.
struct Layout: Hashable {
  /// A run of indices along the batch, the channels, the rows or the columns.
  struct Factor: Hashable {
    enum Kind: Hashable { case batch, channels, rows, columns }

    let kind: Kind
    /// Indices of the run; more than 1, and of the batch 0, because it is not known.
    let size: Int
    /// What one step adds to the index along `kind`.
    let step: Int

    static let batch = Factor(kind: .batch, size: 0, step: 1)
  }

  /// Of each axis the factors, the slowest first; none where the axis has one index.
  private(set) var axes: [[Factor]]

  private init(axes: [[Factor]]) { self.axes = axes.map(Layout.joined) }

  /// One whole kind as an axis.
  private static func axis(_ kind: Factor.Kind, _ size: Int) -> [Factor] {
    size == 1 ? [] : [Factor(kind: kind, size: size, step: 1)]
  }

  /// [N, channels, height, width].
  static func image(_ shape: ActivationShape) -> Layout {
    Layout(axes: [
      [.batch], axis(.channels, shape.channels), axis(.rows, shape.height),
      axis(.columns, shape.width),
    ])
  }

  /// [N, height, width, channels].
  static func channelsLast(_ shape: ActivationShape) -> Layout {
    image(shape).transposed([0, 2, 3, 1])
  }

  /// [N, channels x height x width].
  static func flat(_ shape: ActivationShape) -> Layout {
    let image = image(shape)
    return Layout(axes: [[.batch], Array(image.axes.dropFirst().joined())])
  }

  /// Neighbours that are one run become one, so that equal layouts are equal values.
  private static func joined(_ factors: [Factor]) -> [Factor] {
    var result: [Factor] = []
    for factor in factors {
      if let last = result.last, last.kind == factor.kind, factor.kind != .batch,
        last.step == factor.size * factor.step
      {
        result[result.count - 1] = Factor(
          kind: factor.kind, size: last.size * factor.size, step: factor.step)
      } else {
        result.append(factor)
      }
    }
    return result
  }

  var rank: Int { axes.count }

  /// The shape as ONNX programs see it.
  var extents: [Extent] {
    axes.map { $0 == [.batch] ? .batch : .known($0.reduce(1) { $0 * $1.size }) }
  }

  /// The factors of all axes but the first, in the order of their numbers; nil when the first is not
  /// the batch alone.
  private var features: [Factor]? {
    axes.first == [.batch] ? Array(axes.dropFirst().joined()) : nil
  }

  /// The axis that holds all channels in their order and nothing else.
  func channelAxis(_ shape: ActivationShape) -> Int? {
    axes.firstIndex(of: Layout.axis(.channels, shape.channels))
  }

  /// Whether the axis holds all of one kind and nothing else.
  func isWhole(_ index: Int, _ kind: Factor.Kind, _ size: Int) -> Bool {
    size > 1 && axes[index] == Layout.axis(kind, size)
  }

  /// Whether it is [N, channels, height, width] but for the order of the channels.
  func isImageOfShuffledChannels(_ shape: ActivationShape) -> Bool {
    let image = Layout.image(shape)
    return rank == 4 && axes[0] == [.batch] && axes[2...] == image.axes[2...]
      && axes[1].allSatisfy { $0.kind == .channels }
  }

  // Changes

  /// Axes in another order; `order` has each once.
  func transposed(_ order: [Int]) -> Layout { Layout(axes: order.map { axes[$0] }) }

  /// Without those axes, each of one index.
  func removing(_ indices: Set<Int>) -> Layout {
    Layout(axes: axes.indices.filter { !indices.contains($0) }.map { axes[$0] })
  }

  /// With axes of one index at those places of the result; nil when a place is beyond it.
  func inserting(_ indices: Set<Int>) -> Layout? {
    let count = rank + indices.count
    guard indices.allSatisfy({ (0..<count).contains($0) }) else { return nil }
    var rest = axes[...]
    return Layout(axes: (0..<count).map { indices.contains($0) ? [] : rest.popFirst() ?? [] })
  }

  /// With other factors at one axis.
  private func replacing(_ index: Int, _ factors: [Factor]) -> Layout {
    var axes = axes
    axes[index] = factors
    return Layout(axes: axes)
  }

  /// The axis as one of one index, as after a mean over it.
  func reduced(_ index: Int) -> Layout { replacing(index, []) }

  /// With another number of channels in the axis that has them all first.
  func withChannels(_ count: Int, axis index: Int) -> Layout {
    replacing(
      index, Layout.axis(.channels, count) + axes[index].filter { $0.kind != .channels })
  }

  /// As the same axes over another height and width, each whole in an axis of its own or absent.
  func withSides(height: Int, width: Int) -> Layout {
    var result = self
    for (kind, size) in [(Factor.Kind.rows, height), (.columns, width)] {
      for index in axes.indices where axes[index].first?.kind == kind {
        result = result.replacing(index, Layout.axis(kind, size))
      }
    }
    return result
  }

  /// The axes from `first` on joined into one, and those before it.
  func flattened(from first: Int) -> Layout {
    Layout(axes: [Array(axes[..<first].joined()), Array(axes[first...].joined())])
  }

  /// The axes that a reshape to those sizes gives; nil when they cut across the factors or mix images
  /// of a batch.
  /// - Parameter sizes: of all axes but the first, which is the batch; none is open.
  func reshaped(_ sizes: [Int]) -> Layout? {
    guard var rest = features?[...] else { return nil }
    var result: [[Factor]] = [[.batch]]
    for size in sizes {
      guard size > 0 else { return nil }
      var open = size
      var axis: [Factor] = []
      while open > 1 {
        guard let factor = rest.popFirst(), factor.kind != .batch else { return nil }
        if open % factor.size == 0 {
          axis.append(factor)
          open /= factor.size
        } else if factor.size % open == 0 {
          // The slower part belongs to this axis, the faster one to the next.
          let inner = factor.size / open
          axis.append(Factor(kind: factor.kind, size: open, step: factor.step * inner))
          rest = [Factor(kind: factor.kind, size: inner, step: factor.step)] + rest
          open = 1
        } else {
          return nil
        }
      }
      result.append(axis)
    }
    return rest.isEmpty ? Layout(axes: result) : nil
  }

  /// For each index along the axis, the index of what it holds in the order channels, height, width
  /// of one image, for an axis without the batch.
  func order(axis index: Int, of shape: ActivationShape) -> [Int] {
    var order = [0]
    for factor in axes[index] {
      let unit =
        switch factor.kind {
        case .batch: 0
        case .channels: shape.height * shape.width
        case .rows: shape.width
        case .columns: 1
        }
      order = order.flatMap { start in
        (0..<factor.size).map { start + $0 * factor.step * unit }
      }
    }
    return order
  }
}
