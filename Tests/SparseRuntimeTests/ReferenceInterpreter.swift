import Foundation
import NeuralGraph
import Testing

/// Runs a graph the slow, obvious way, one image at a time, in double precision.
struct ReferenceInterpreter {
  let graph: Graph
  let weights: Weights

  /// Scores of `count` images in NCHW order.
  func run(_ images: [Float], count: Int) throws -> [Float] {
    let size = graph.input.count
    return try (0..<count).flatMap { try run(Array(images[$0 * size..<($0 + 1) * size])) }
  }

  private func run(_ image: [Float]) throws -> [Float] {
    let shapes = try graph.shapes()
    var values = [Graph.inputName: image.map(Double.init)]
    for node in graph.nodes {
      let inputs = try node.inputs.map { try #require(values[$0]) }
      let from = try #require(shapes[node.inputs[0]])
      let to = try #require(shapes[node.name])
      values[node.name] = try evaluate(node, inputs, from, to)
    }
    return try #require(values[graph.output]).map { Float($0) }
  }

  private func tensor(_ name: String) throws -> [Double] {
    try weights.tensor(name).values.map(Double.init)
  }

  private func evaluate(
    _ node: Node, _ inputs: [[Double]], _ from: ActivationShape, _ to: ActivationShape
  ) throws -> [Double] {
    let x = inputs[0]
    switch node.operation {
    case .convolution(let convolution):
      let weight = try tensor(node.weightName)
      let bias = convolution.bias ? try tensor(node.biasName) : nil
      let perGroup = convolution.inChannels / convolution.groups
      return pixels(to) { channel, y, xx in
        let first = channel / (to.channels / convolution.groups) * perGroup
        var sum = bias?[channel] ?? 0
        forEachTap(convolution.window, from, y, xx) { ky, kx, iy, ix in
          for c in 0..<perGroup {
            let w =
              ((channel * perGroup + c) * convolution.window.kernelHeight + ky)
              * convolution.window.kernelWidth + kx
            sum += weight[w] * x[((first + c) * from.height + iy) * from.width + ix]
          }
        }
        return sum
      }
    case .batchNorm(_, let epsilon):
      let (gamma, beta) = (try tensor(node.weightName), try tensor(node.biasName))
      let (mean, variance) = (try tensor(node.meanName), try tensor(node.varianceName))
      return pixels(to) { c, y, xx in
        (x[(c * from.height + y) * from.width + xx] - mean[c])
          / (variance[c] + Double(epsilon)).squareRoot() * gamma[c] + beta[c]
      }
    case .relu(let limit):
      return x.map { min(max($0, 0), limit.map(Double.init) ?? .infinity) }
    case .maxPool(let window):
      return pixels(to) { c, y, xx in
        var best = -Double.infinity
        forEachTap(window, from, y, xx) { _, _, iy, ix in
          best = max(best, x[(c * from.height + iy) * from.width + ix])
        }
        return best
      }
    case .averagePool(let window, let countsPadding):
      return pixels(to) { c, y, xx in
        var (sum, count) = (0.0, 0.0)
        forEachTap(window, from, y, xx) { _, _, iy, ix in
          sum += x[(c * from.height + iy) * from.width + ix]
          count += 1
        }
        return sum / (countsPadding ? Double(window.kernelHeight * window.kernelWidth) : count)
      }
    case .globalAveragePool:
      let area = from.height * from.width
      return (0..<from.channels).map { c in
        x[c * area..<(c + 1) * area].reduce(0, +) / Double(area)
      }
    case .clip(let lower, let upper):
      return x.map { min(max($0, Double(lower)), Double(upper)) }
    case .sigmoid:
      return x.map { 1 / (1 + exp(-$0)) }
    case .hardSigmoid(let slope, let offset):
      return x.map { min(max(Double(slope) * $0 + Double(offset), 0), 1) }
    case .hardSwish:
      return x.map { $0 * min(max($0 / 6 + 0.5, 0), 1) }
    case .scaleShift:
      let (scale, shift) = (try tensor(node.weightName), try tensor(node.biasName))
      let area = from.height * from.width
      return x.indices.map { x[$0] * scale[$0 / area] + shift[$0 / area] }
    case .add:
      return zip(x, inputs[1]).map(+)
    case .multiply:
      let area = x.count / inputs[1].count
      return x.indices.map { x[$0] * inputs[1][$0 / area] }
    case .concatenate:
      return inputs.flatMap { $0 }
    case .pad(let padding):
      return pixels(to) { c, y, xx in
        let (iy, ix) = (y - padding.top, xx - padding.left)
        guard (0..<from.height).contains(iy), (0..<from.width).contains(ix) else { return 0 }
        return x[(c * from.height + iy) * from.width + ix]
      }
    case .linear(let inFeatures, let outFeatures, let hasBias):
      let weight = try tensor(node.weightName)
      let bias = hasBias ? try tensor(node.biasName) : nil
      return (0..<outFeatures).map { row in
        var sum = bias?[row] ?? 0
        for column in 0..<inFeatures { sum += weight[row * inFeatures + column] * x[column] }
        return sum
      }
    }
  }

  private func pixels(
    _ shape: ActivationShape, _ value: (_ channel: Int, _ y: Int, _ x: Int) -> Double
  ) -> [Double] {
    var result: [Double] = []
    result.reserveCapacity(shape.count)
    for channel in 0..<shape.channels {
      for y in 0..<shape.height {
        for x in 0..<shape.width { result.append(value(channel, y, x)) }
      }
    }
    return result
  }

  private func forEachTap(
    _ window: Window, _ shape: ActivationShape, _ y: Int, _ x: Int,
    _ body: (_ ky: Int, _ kx: Int, _ iy: Int, _ ix: Int) -> Void
  ) {
    for ky in 0..<window.kernelHeight {
      let iy = y * window.strideHeight + ky - window.padding.top
      guard (0..<shape.height).contains(iy) else { continue }
      for kx in 0..<window.kernelWidth {
        let ix = x * window.strideWidth + kx - window.padding.left
        if (0..<shape.width).contains(ix) { body(ky, kx, iy, ix) }
      }
    }
  }
}
