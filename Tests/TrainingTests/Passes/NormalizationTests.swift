import CTraining
import Testing

/// Fused batch normalisation against its definition, for all instruction sets, types and blocks.
@Suite struct NormalizationTests {
  /// One kernel.
  struct Kernel: CustomTestStringConvertible {
    let set: InstructionSet
    let type: PassType
    let block: Int

    var testDescription: String { "\(set), \(type), blocks of \(block)" }

    static let all = InstructionSet.available.flatMap { set in
      PassType.allCases.flatMap { type in
        [8, 16].map { Kernel(set: set, type: type, block: $0) }
      }
    }
  }

  /// What can surround a normalisation, in all combinations.
  private static let variants: [NormalizationCase.Setup] = NormalizationCase.clamps.flatMap {
    clamp in
    (0..<8).map { bits in
      NormalizationCase.Setup(
        hasResidual: bits & 1 != 0, hasSecondGradient: bits & 2 != 0,
        usesBatchStatistics: bits & 4 != 0, lower: clamp.lower, upper: clamp.upper)
    }
  }

  /// Small shapes meet all variants, larger ones three each, in turn.
  @Test(arguments: Kernel.all) func followsTheDefinition(kernel: Kernel) {
    var turn = 0
    for images in 1...5 {
      for channels in [1, 5, 8, 16, 24, 40] {
        for positions in [1, 3, 4, 49, 196] {
          for _ in 0..<(positions <= 4 ? Self.variants.count : 3) {
            // 7 and 24 have no common divisor: all variants have their turn.
            turn += 7
            var setup = Self.variants[turn % Self.variants.count]
            (setup.images, setup.channels, setup.positions) = (images, channels, positions)
            (setup.block, setup.type) = (kernel.block, kernel.type)
            var c = NormalizationCase(setup, seed: UInt64(turn))
            let reference = NormalizationReference(&c)
            kernel.set.use {
              let found = c.run(threads: 1)
              reference.check(found, c)
              for threads in 2...3 {
                #expect(c.run(threads: Int32(threads)) == found, "\(threads) threads, \(c)")
              }
              #expect(c.run(threads: 2, inPlace: true) == found, "in place, \(c)")
            }
          }
        }
      }
    }
  }

  /// With 32-bit sums of squares a variance of 0.01 around a mean of 10,000 would be lost.
  @Test(arguments: Kernel.all) func largeMeansKeepTheirVariance(kernel: Kernel) {
    var setup = NormalizationCase.Setup(images: 3, channels: 20, positions: 49)
    (setup.block, setup.type) = (kernel.block, kernel.type)
    var c = NormalizationCase(setup, seed: 3)
    // bf16 has steps of 64 there.
    let step: Float = kernel.type == .bf16 ? 64 : 0.1
    for channel in 0..<setup.channels {
      var turn = channel
      c.forEachIndex(ofChannel: channel) { i in
        turn += 1
        c.x[i] = kernel.type.rounded(9984) + step * Float(turn * turn % 5 - 2)
      }
    }
    let reference = NormalizationReference(&c)
    let found = kernel.set.use { c.run(threads: 1) }
    for channel in 0..<setup.channels {
      let (mean, variance) = (reference.mean[channel], reference.variance[channel])
      #expect(abs(Double(found.mean[channel]) - mean.value) < 1e-7 * mean.value)
      #expect(abs(Double(found.variance[channel]) - variance.value) < 1e-5 * variance.value)
    }
  }

  /// A channel of one value has no variance, and epsilon keeps it finite.
  @Test(arguments: Kernel.all) func constantChannelsBecomeTheirShift(kernel: Kernel) {
    var setup = NormalizationCase.Setup(images: 2, channels: 9, positions: 49)
    (setup.block, setup.type) = (kernel.block, kernel.type)
    var c = NormalizationCase(setup, seed: 4)
    for channel in 0..<setup.channels {
      let value = kernel.type.rounded(c.beta[channel] * 10)
      c.forEachIndex(ofChannel: channel) { c.x[$0] = value }
    }
    let reference = NormalizationReference(&c)
    let found = kernel.set.use { c.run(threads: 1) }
    #expect(found.variance.allSatisfy { $0 == 0 })
    reference.check(found, c)
  }

  /// What is not a number must reach the loss, where training stops with an error.
  @Test(arguments: Kernel.all, [Float.nan, .infinity, -.infinity])
  func whatIsNotANumberStaysSo(kernel: Kernel, poison: Float) {
    for (lower, upper) in NormalizationCase.clamps {
      for usesBatchStatistics in [true, false] {
        var setup = NormalizationCase.Setup(images: 2, channels: 5, positions: 7)
        (setup.block, setup.type) = (kernel.block, kernel.type)
        (setup.lower, setup.upper) = (lower, upper)
        setup.usesBatchStatistics = usesBatchStatistics
        let clean = NormalizationCase(setup, seed: 5)
        var c = clean
        c.x[c.index(1, 2, 3)] = poison
        let (found, expected) = kernel.set.use { (c.run(threads: 1), clean.run(threads: 1)) }
        let (out, cleanOut) = (found.out.floats, expected.out.floats)
        if usesBatchStatistics {
          #expect(!found.mean[2].isFinite && found.variance[2].isNaN)
          c.forEachIndex(ofChannel: 2) { #expect(out[$0].isNaN, "\(c)") }
          #expect(found.gammaGradient[2].isNaN)
        } else {
          let value = out[c.index(1, 2, 3)]
          #expect(
            value.isNaN == poison.isNaN && (poison.isNaN || !(value > lower && value < upper)))
        }
        for channel in [0, 1, 3, 4] {
          c.forEachIndex(ofChannel: channel) { #expect(out[$0] == cleanOut[$0]) }
          #expect(found.gammaGradient[channel] == expected.gammaGradient[channel])
        }
      }
    }
  }

  @Test(arguments: Kernel.all) func gradientsThatAreNotNumbersStaySo(kernel: Kernel) {
    for variant in Self.variants {
      var setup = variant
      (setup.images, setup.channels, setup.positions) = (2, 5, 7)
      (setup.block, setup.type) = (kernel.block, kernel.type)
      var c = NormalizationCase(setup, seed: 6)
      let place = c.index(1, 2, 3)
      // Well inside the clamp.
      c.beta[2] = 3
      c.gamma[2] = 0.01
      c.residual?[place] = 0
      c.gradient1[place] = .nan
      let found = kernel.set.use { c.run(threads: 1) }
      #expect(found.betaGradient[2].isNaN && found.gammaGradient[2].isNaN)
      #expect(found.xGradient.floats[place].isNaN)
      if let masked = found.residualGradient { #expect(masked.floats[place].isNaN) }
      for channel in [0, 1, 3, 4] { #expect(found.betaGradient[channel].isFinite) }
    }
  }
}
