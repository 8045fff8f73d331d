import NeuralGraph

/// Constants in other shapes and orders.
extension FoldingStep {
  func order() throws(ONNXError) -> [Int] {
    let axes = Array(try input(0).shape.indices)
    let order = try node.integers("perm") ?? axes.reversed()
    guard order.sorted() == axes else { throw node.invalid("its order \(order) does not fit") }
    return order
  }

  func reshapedShape(_ x: Constant) throws(ONNXError) -> [Int] {
    switch node.op {
    case "Flatten":
      let stated = try node.integer("axis") ?? 1
      let axis = stated == x.shape.count ? stated : try axis(stated, rank: x.shape.count)
      return [x.shape[..<axis].reduce(1, *), x.shape[axis...].reduce(1, *)]
    case "Squeeze":
      guard let stated = try integers("axes", 1) else { return x.shape.filter { $0 != 1 } }
      var axes = Set<Int>()
      for place in stated { axes.insert(try axis(place, rank: x.shape.count)) }
      guard axes.allSatisfy({ x.shape[$0] == 1 }) else {
        throw node.invalid("axes \(stated) of \(x.shape) have more than one index")
      }
      return x.shape.indices.filter { !axes.contains($0) }.map { x.shape[$0] }
    case "Unsqueeze":
      let stated = try integers("axes", 1) ?? []
      let rank = x.shape.count + stated.count
      guard rank <= Importer.largestRank else { throw node.unsupported("it has too many axes") }
      var axes = Set<Int>()
      for place in stated { axes.insert(try axis(place, rank: rank)) }
      guard axes.count == stated.count else { throw node.invalid("an axis is given twice") }
      var rest = x.shape[...]
      return (0..<rank).map { axes.contains($0) ? 1 : rest.popFirst() ?? 1 }
    default:
      var shape = try input(1).integers()
      guard shape.count <= Importer.largestRank else {
        throw node.unsupported("its shape has too many axes")
      }
      let keepsZero = try node.integer("allowzero") ?? 0 != 0
      for (index, size) in shape.enumerated() where size == 0 && !keepsZero {
        guard index < x.shape.count else { throw node.invalid("it keeps a missing axis") }
        shape[index] = x.shape[index]
      }
      if let open = shape.firstIndex(of: -1) {
        shape[open] = 1
        guard let rest = Tensor.count(of: shape), rest > 0, x.count % rest == 0 else {
          throw node.invalid("\(x.shape) does not become \(shape)")
        }
        shape[open] = x.count / rest
      }
      guard Tensor.count(of: shape) == x.count else {
        throw node.invalid("\(x.shape) does not become \(shape)")
      }
      return shape
    }
  }

  func shapeValues(_ x: Constant) throws(ONNXError) -> [Int] {
    let rank = x.shape.count
    let start = try (node.integer("start") ?? 0).bound(of: rank)
    let end = try (node.integer("end") ?? rank).bound(of: rank)
    return start < end ? Array(x.shape[start..<end]) : []
  }

  func filled(_ shape: [Int]) throws(ONNXError) -> Constant.Values {
    let count = Tensor.count(of: shape) ?? 0
    switch try node.filling() {
    case .floats(let values):
      return .floats([Float](repeating: values.first ?? 0, count: count))
    case .integers(let values):
      return .integers([Int](repeating: values.first ?? 0, count: count))
    }
  }

  func joined(_ x: Constant) throws(ONNXError) -> Constant.Values {
    let axis = try axis(node.integer("axis") ?? 0, rank: x.shape.count)
    let outer = x.shape[..<axis].reduce(1, *)
    func join<Element>(_ parts: [[Element]]) -> [Element] {
      var result: [Element] = []
      for row in 0..<outer {
        for part in parts {
          let run = part.count / outer
          result += part[row * run..<(row + 1) * run]
        }
      }
      return result
    }
    if x.isFloat {
      var parts: [[Float]] = []
      for index in inputs.indices { parts.append(try input(index).floats()) }
      return .floats(join(parts))
    }
    var parts: [[Int]] = []
    for index in inputs.indices { parts.append(try input(index).integers()) }
    return .integers(join(parts))
  }

  /// Of each axis where a slice starts, how far it steps and how many it takes.
  func slices(_ x: Constant) throws(ONNXError) -> [(start: Int, step: Int, count: Int)] {
    guard let starts = try integers("starts", 1), let ends = try integers("ends", 2) else {
      throw node.invalid("it does not say what to take")
    }
    let axes = try integers("axes", 3) ?? Array(starts.indices)
    let steps = try integers("steps", 4) ?? starts.map { _ in 1 }
    guard starts.count == ends.count, starts.count == axes.count, starts.count == steps.count else {
      throw node.invalid("its starts, ends, axes and steps differ in number")
    }
    var result = x.shape.map { (start: 0, step: 1, count: $0) }
    for index in starts.indices {
      let axis = try axis(axes[index], rank: x.shape.count)
      let (size, step) = (x.shape[axis], steps[index])
      guard step != 0, step.magnitude <= Graph.largestSide else {
        throw node.invalid("it steps by \(step)")
      }
      func bound(_ value: Int, _ range: ClosedRange<Int>) -> Int {
        min(max(value.fromStart(of: size), range.lowerBound), range.upperBound)
      }
      let range = step > 0 ? 0...size : -1...max(size - 1, -1)
      let start = bound(starts[index], range)
      // Before the first one, downwards: not the last.
      let end = ends[index] < -size ? range.lowerBound : bound(ends[index], range)
      let span = step > 0 ? end - start : start - end
      let stride = Int(step.magnitude)
      let count = span > 0 ? (span + stride - 1) / stride : 0
      result[axis] = (count > 0 ? start : 0, step, count)
    }
    return result
  }

  func gathered(_ x: Constant) throws(ONNXError) -> Constant.Values {
    let axis = try axis(node.integer("axis") ?? 0, rank: x.shape.count)
    let size = x.shape[axis]
    let (outer, inner) = (x.shape[..<axis].reduce(1, *), x.shape[(axis + 1)...].reduce(1, *))
    var starts: [Int] = []
    for stated in try input(1).integers() {
      let index = stated.fromStart(of: size)
      guard (0..<size).contains(index) else { throw node.invalid("it reads beyond \(x.shape)") }
      starts.append(index * inner)
    }
    func pick<Element>(_ values: [Element]) -> [Element] {
      var result: [Element] = []
      for row in 0..<outer {
        for start in starts {
          let first = row * size * inner + start
          result += values[first..<first + inner]
        }
      }
      return result
    }
    switch x.values {
    case .floats(let values): return .floats(pick(values))
    case .integers(let values): return .integers(pick(values))
    }
  }

  /// The shape to which all inputs are repeated, aligned at their last axes.
  func broadcastShape(with other: [Int]? = nil) throws(ONNXError) -> [Int] {
    var shapes = other.map { [$0] } ?? []
    for index in inputs.indices where other == nil || index == 0 {
      shapes.append(try input(index).shape)
    }
    let rank = shapes.map(\.count).max() ?? 0
    var result = [Int](repeating: 1, count: rank)
    for shape in shapes {
      for (offset, size) in shape.reversed().enumerated() {
        let axis = rank - 1 - offset
        guard size >= 0, size == 1 || result[axis] == 1 || size == result[axis] else {
          throw node.invalid("shapes \(shapes) do not go together")
        }
        if size != 1 { result[axis] = size }
      }
    }
    return result
  }
}

extension Constant {
  var isFloat: Bool { if case .floats = values { true } else { false } }

  var count: Int {
    switch values {
    case .floats(let values): values.count
    case .integers(let values): values.count
    }
  }

  /// Of each axis, the numbers from one index to the next.
  var strides: [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] * shape[axis + 1]
    }
    return strides
  }

  /// The same for a shape that repeats this one, aligned at the last axes.
  func strides(broadcastTo target: [Int]) -> [Int] {
    let missing = target.count - shape.count
    return [Int](repeating: 0, count: missing)
      + zip(shape, strides).map { $0 == 1 ? 0 : $1 }
  }

  /// Numbers at regular places.
  func picked(_ shape: [Int], strides: [Int], start: Int = 0) -> Values {
    let places = Constant.places(shape, strides: strides, start: start)
    switch values {
    case .floats(let values): return .floats(places.map { values[$0] })
    case .integers(let values): return .integers(places.map { values[$0] })
    }
  }

  /// The places of an array's numbers in the order of its shape.
  static func places(_ shape: [Int], strides: [Int], start: Int = 0) -> [Int] {
    let count = Tensor.count(of: shape) ?? 0
    guard count > 0 else { return [] }
    var places: [Int] = []
    places.reserveCapacity(count)
    var index = [Int](repeating: 0, count: shape.count)
    var place = start
    for _ in 0..<count {
      places.append(place)
      for axis in shape.indices.reversed() {
        index[axis] += 1
        place += strides[axis]
        if index[axis] < shape[axis] { break }
        place -= strides[axis] * shape[axis]
        index[axis] = 0
      }
    }
    return places
  }
}
