import CTraining
import Randomness
import Testing

/// One normalisation: its sizes, what follows it, and random values for everything it reads, in the
/// engine's layout.
struct NormalizationCase: CustomStringConvertible {
  /// Everything but the values.
  struct Setup {
    var images = 1
    var channels = 16
    var positions = 1
    var block = 16
    var type = PassType.f32
    var hasResidual = false
    var hasSecondGradient = false
    var usesBatchStatistics = true
    var lower = -Float.infinity
    var upper = Float.infinity
  }

  static let epsilon: Float = 1e-5
  /// What follows a normalisation: nothing, ReLU, ReLU6.
  static let clamps: [(lower: Float, upper: Float)] = [
    (-.infinity, .infinity), (0, .infinity), (0, 6),
  ]

  let setup: Setup
  var x: [Float]
  var residual: [Float]?
  var gradient1: [Float]
  var gradient2: [Float]?
  var gamma: [Float] = []
  var beta: [Float] = []
  var mean: [Float] = []
  var variance: [Float] = []

  var blocks: Int { (setup.channels + setup.block - 1) / setup.block }
  var count: Int { setup.images * blocks * setup.block * setup.positions }

  var description: String { "\(setup)" }

  func index(_ image: Int, _ channel: Int, _ position: Int) -> Int {
    ((image * blocks + channel / setup.block) * setup.positions + position) * setup.block
      + channel % setup.block
  }

  /// The values of the existing channels; padding lies between them.
  func forEachIndex(ofChannel channel: Int, _ body: (Int) -> Void) {
    for image in 0..<setup.images {
      var i = index(image, channel, 0)
      for _ in 0..<setup.positions {
        body(i)
        i += setup.block
      }
    }
  }

  init(_ setup: Setup, seed: UInt64) {
    self.setup = setup
    x = []
    gradient1 = []
    var generator = SeededGenerator(seed: seed, stream: "normalization")
    /// Uniform: a sweep needs millions.
    func number() -> Float { Float(generator.nextUniform() * 4 - 2) }
    for channel in 0..<setup.channels {
      // A scale may be zero or negative.
      gamma.append(channel == 1 ? 0 : number())
      beta.append(number())
      mean.append(setup.usesBatchStatistics ? .nan : number())
      variance.append(setup.usesBatchStatistics ? .nan : abs(number()) + 0.1)
    }
    x = [Float](repeating: 0, count: count)
    gradient1 = x
    if setup.hasResidual { residual = x }
    if setup.hasSecondGradient { gradient2 = x }
    for channel in 0..<setup.channels {
      let (middle, spread) = (number(), abs(number()) + 0.5)
      for image in 0..<setup.images {
        for position in 0..<setup.positions {
          let i = index(image, channel, position)
          x[i] = setup.type.rounded(middle + spread * number())
          gradient1[i] = setup.type.rounded(number())
          residual?[i] = setup.type.rounded(3 * number())
          gradient2?[i] = setup.type.rounded(number())
        }
      }
    }
  }

  /// Everything that the two passes write.
  struct Result: Equatable {
    var out: PassValues
    var xGradient: PassValues
    var residualGradient: PassValues?
    var mean: [Float]
    var variance: [Float]
    var gammaGradient: [Float]
    var betaGradient: [Float]
  }

  /// The engine's answer. `inPlace` writes the input's gradient over the output's.
  func run(threads: Int32, inPlace: Bool = false) -> Result {
    let type = setup.type
    var result = Result(
      out: PassValues(unwritten: count, type),
      xGradient: inPlace ? PassValues(gradient1, type) : PassValues(unwritten: count, type),
      residualGradient: setup.hasResidual ? PassValues(unwritten: count, type) : nil,
      mean: mean, variance: variance,
      gammaGradient: [Float](repeating: .nan, count: setup.channels),
      betaGradient: [Float](repeating: .nan, count: setup.channels))
    let x = PassValues?(PassValues(x, type))
    let residual = residual.map { PassValues($0, type) }
    let first = PassValues?(PassValues(gradient1, type))
    let second = gradient2.map { PassValues($0, type) }
    let shape = crisp_batch_shape(
      images: setup.images, channels: setup.channels, positions: setup.positions,
      block: setup.block, type: type.code, threads: threads)
    let scratchCount = withUnsafePointer(to: shape) { crisp_normalization_scratch($0) }
    // Values behind the scratch memory that nobody may touch.
    let guards = [Float](repeating: 12345, count: 16)
    var scratch = [Float](repeating: .nan, count: scratchCount) + guards

    gamma.withUnsafeBufferPointer { gamma in
      beta.withUnsafeBufferPointer { beta in
        result.mean.withUnsafeMutableBufferPointer { mean in
          result.variance.withUnsafeMutableBufferPointer { variance in
            scratch.withUnsafeMutableBufferPointer { scratch in
              var n = crisp_normalization(
                shape: shape, gamma: gamma.baseAddress, beta: beta.baseAddress,
                epsilon: NormalizationCase.epsilon,
                batch_statistics: setup.usesBatchStatistics ? 1 : 0, mean: mean.baseAddress,
                variance: variance.baseAddress, lower: setup.lower, upper: setup.upper,
                scratch: scratch.baseAddress)
              x.withPointer { x in
                residual.withPointer { residual in
                  result.out.withMutablePointer { crisp_normalize(&n, x, residual, $0) }
                }
              }
              // The engine's passes share their scratch memory with others.
              for i in 0..<scratchCount { scratch[i] = .nan }
              differentiate(
                &n, x: x, first: first, second: second, inPlace: inPlace, into: &result.xGradient,
                &result.residualGradient, &result.gammaGradient, &result.betaGradient,
                out: result.out)
            }
          }
        }
      }
    }
    #expect(Array(scratch[scratchCount...]) == guards, "\(self)")
    return result
  }

  private func differentiate(
    _ n: inout crisp_normalization, x: PassValues?, first: PassValues?, second: PassValues?,
    inPlace: Bool, into xGradient: inout PassValues, _ residualGradient: inout PassValues?,
    _ gammaGradient: inout [Float], _ betaGradient: inout [Float], out: PassValues
  ) {
    let kept = setup.hasResidual ? out : nil
    x.withPointer { x in
      first.withPointer { first in
        second.withPointer { second in
          kept.withPointer { kept in
            xGradient.withMutablePointer { target in
              let source = inPlace ? UnsafeRawPointer(target) : first
              guard var masked = residualGradient else {
                return crisp_normalize_backward(
                  &n, source, second, x, kept, nil, target, &gammaGradient, &betaGradient)
              }
              masked.withMutablePointer {
                crisp_normalize_backward(
                  &n, source, second, x, kept, $0, target, &gammaGradient, &betaGradient)
              }
              residualGradient = masked
            }
          }
        }
      }
    }
  }
}
