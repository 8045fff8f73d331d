import Foundation
import NeuralGraph

/// Arithmetic on constants. Floats are of 32 bits as where networks run, sums of 64.
extension FoldingStep {
  func cast(_ x: Constant) throws(ONNXError) -> Constant.Values {
    guard let number = try node.integer("to").flatMap({ Int32(exactly: $0) }),
      let type = TensorType(rawValue: number)
    else { throw node.unsupported("constants only become numbers") }
    switch x.values {
    case .floats(let values):
      if type.isFloat { return x.values }
      if type == .bool { return .integers(values.map { $0 == 0 ? 0 : 1 }) }
      var result: [Int] = []
      result.reserveCapacity(values.count)
      for value in values {
        guard let whole = Int(exactly: value.rounded(.towardZero)) else {
          throw node.invalid("\(value) is not a whole number of 64 bits")
        }
        result.append(whole)
      }
      return .integers(result)
    case .integers(let values):
      if type.isFloat { return .floats(values.map { Float($0) }) }
      return type == .bool ? .integers(values.map { $0 == 0 ? 0 : 1 }) : x.values
    }
  }

  func function(_ x: Constant) throws(ONNXError) -> Constant.Values {
    if case .integers(let values) = x.values {
      guard node.op == "Neg" || node.op == "Abs", !values.contains(.min) else {
        throw node.unsupported("it is computed of floating-point numbers only")
      }
      return .integers(values.map { node.op == "Neg" ? -$0 : abs($0) })
    }
    let values = try x.floats()
    let function: (Float) -> Float =
      switch node.op {
      case "Sqrt": { $0.squareRoot() }
      case "Neg": { -$0 }
      case "Abs": { abs($0) }
      case "Reciprocal": { 1 / $0 }
      case "Exp": { exp($0) }
      case "Log": { log($0) }
      case "Floor": { $0.rounded(.down) }
      default: { $0.rounded(.up) }
      }
    return .floats(values.map(function))
  }

  func arithmetic(_ shape: [Int]) throws(ONNXError) -> Constant.Values {
    var total = try repeated(0, shape)
    for index in inputs.indices.dropFirst() {
      total = try combined(total, repeated(index, shape))
    }
    return total
  }

  private func repeated(_ index: Int, _ shape: [Int]) throws(ONNXError) -> Constant.Values {
    let input = try input(index)
    return input.shape == shape
      ? input.values : input.picked(shape, strides: input.strides(broadcastTo: shape))
  }

  private func combined(
    _ a: Constant.Values, _ b: Constant.Values
  ) throws(ONNXError) -> Constant.Values {
    switch (a, b) {
    case (.floats(let a), .floats(let b)):
      if node.op == "Equal" { return .integers(zip(a, b).map { $0 == $1 ? 1 : 0 }) }
      let function: (Float, Float) -> Float =
        switch node.op {
        case "Add", "Sum": { $0 + $1 }
        case "Sub": { $0 - $1 }
        case "Mul": { $0 * $1 }
        case "Div": { $0 / $1 }
        case "Max": { max($0, $1) }
        case "Min": { min($0, $1) }
        default: { pow($0, $1) }
        }
      return .floats(zip(a, b).map(function))
    case (.floats(let a), .integers(let b)) where node.op == "Pow":
      return .floats(zip(a, b).map { pow($0, Float($1)) })
    case (.integers(let a), .integers(let b)):
      var result: [Int] = []
      result.reserveCapacity(a.count)
      for (x, y) in zip(a, b) {
        let (value, overflow) =
          switch node.op {
          case "Add", "Sum": x.addingReportingOverflow(y)
          case "Sub": x.subtractingReportingOverflow(y)
          case "Mul": x.multipliedReportingOverflow(by: y)
          case "Div": x.dividedReportingOverflow(by: y)
          case "Max": (max(x, y), false)
          case "Min": (min(x, y), false)
          case "Equal": (x == y ? 1 : 0, false)
          default: (0, true)
          }
        guard !overflow else { throw node.invalid("its result does not fit 64 bits") }
        result.append(value)
      }
      return .integers(result)
    default: throw node.invalid("it mixes whole and floating-point numbers")
    }
  }

  /// `Where`: the second input where the first is true, else the third.
  func chosen(_ shape: [Int]) throws(ONNXError) -> Constant.Values {
    guard inputs.count == 3, case .integers(let choices) = try repeated(0, shape) else {
      throw node.invalid("its condition is not true or false")
    }
    switch (try repeated(1, shape), try repeated(2, shape)) {
    case (.floats(let a), .floats(let b)):
      return .floats(choices.indices.map { choices[$0] != 0 ? a[$0] : b[$0] })
    case (.integers(let a), .integers(let b)):
      return .integers(choices.indices.map { choices[$0] != 0 ? a[$0] : b[$0] })
    default: throw node.invalid("it mixes whole and floating-point numbers")
    }
  }

  func reducedAxes(_ x: Constant) throws(ONNXError) -> Set<Int> {
    let rank = x.shape.count
    let stated = try integers("axes", 1) ?? []
    if stated.isEmpty {
      return try node.integer("noop_with_empty_axes") ?? 0 != 0 ? [] : Set(0..<rank)
    }
    var axes = Set<Int>()
    for place in stated { axes.insert(try axis(place, rank: rank)) }
    return axes
  }

  func reduced(_ x: Constant, _ shape: [Int]) throws(ONNXError) -> Constant.Values {
    let axes = try reducedAxes(x)
    let kept = x.shape.enumerated().map { axes.contains($0.offset) ? 1 : $0.element }
    let count = Tensor.count(of: kept) ?? 0
    // Where each number goes.
    let template = Constant(name: "", shape: kept, values: .integers([]))
    let targets = Constant.places(x.shape, strides: template.strides(broadcastTo: x.shape))
    let perResult = count > 0 ? x.count / count : 0
    guard perResult > 0 else { throw node.invalid("it reduces nothing") }
    let isInteger = !x.isFloat
    let numbers: [Double]
    switch x.values {
    case .floats(let values): numbers = values.map(Double.init)
    case .integers(let values): numbers = values.map(Double.init)
    }
    var totals: [Double]
    switch node.op {
    case "ReduceMax": totals = [Double](repeating: -.infinity, count: count)
    case "ReduceMin": totals = [Double](repeating: .infinity, count: count)
    case "ReduceProd": totals = [Double](repeating: 1, count: count)
    default: totals = [Double](repeating: 0, count: count)
    }
    for (number, target) in zip(numbers, targets) {
      switch node.op {
      case "ReduceMax": totals[target] = max(totals[target], number)
      case "ReduceMin": totals[target] = min(totals[target], number)
      case "ReduceProd": totals[target] *= number
      case "ReduceL2", "ReduceSumSquare": totals[target] += number * number
      default: totals[target] += number
      }
    }
    if node.op == "ReduceMean" { totals = totals.map { $0 / Double(perResult) } }
    if node.op == "ReduceL2" { totals = totals.map { $0.squareRoot() } }
    guard isInteger else { return .floats(totals.map { Float($0) }) }
    var result: [Int] = []
    for total in totals {
      // Beyond 2^53 the sum might be rounded.
      guard abs(total) < 9e15, let whole = Int(exactly: total.rounded(.towardZero)) else {
        throw node.invalid("its result does not fit 64 bits")
      }
      result.append(whole)
    }
    return .integers(result)
  }

  /// Of two matrices.
  func product(_ a: Constant, _ b: Constant) throws(ONNXError) -> Constant.Values {
    let (x, y) = (try a.floats(), try b.floats())
    let (rows, inner, columns) = (a.shape[0], a.shape[1], b.shape[1])
    var result = [Float](repeating: 0, count: rows * columns)
    for row in 0..<rows {
      for k in 0..<inner {
        let factor = x[row * inner + k]
        for column in 0..<columns {
          result[row * columns + column] += factor * y[k * columns + column]
        }
      }
    }
    return .floats(result)
  }
}
