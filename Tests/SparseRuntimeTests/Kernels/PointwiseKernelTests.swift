import CKernels
import Foundation
import SparseRuntime
import Testing

/// Activations and products of every instruction set on their own.
@Suite struct PointwiseKernelTests {
  /// Applies an activation; the result has one float more than a whole number of vectors.
  private func apply(
    _ kind: crisp_activation_kind, _ input: [Float], mask: [Int32]? = nil,
    _ instructionSet: InstructionSet, slope: Float = 0, offset: Float = 0
  ) throws -> [Float] {
    let table = try #require(crisp_kernels_named(instructionSet.rawValue))
    let lanes = table.pointee.lanes
    let whole = (input.count + lanes - 1) / lanes * lanes
    let padded = input + [Float](repeating: 0, count: whole - input.count)
    let mask = mask.map { $0 + [Int32](repeating: 0, count: whole - input.count) }
    var output = [Float](repeating: 7, count: whole + 1)
    var activation = crisp_activation(kind: kind, slope: slope, offset: offset)
    var runs = crisp_runs(
      outer: 1, outer_stride: 0, inner: 1, inner_stride: 0, length: input.count)
    output.withUnsafeMutableBufferPointer { output in
      guard let target = output.baseAddress else { return }
      if let mask {
        crisp_activate(table, &activation, padded, mask, target, &runs)
      } else {
        crisp_activate(table, &activation, padded, nil, target, &runs)
      }
    }
    #expect(output.last == 7)
    return Array(output.prefix(input.count))
  }

  @Test(arguments: InstructionSet.available)
  func sigmoidsAreAccurate(_ instructionSet: InstructionSet) throws {
    let inputs = stride(from: -87.3 as Float, through: 87.3, by: 0.0037).map { $0 }
    let found = try apply(CRISP_SIGMOID, inputs, instructionSet)
    var worst = 0.0
    for (x, y) in zip(inputs, found) {
      let expected = 1 / (1 + exp(-Double(x)))
      worst = max(worst, abs(Double(y) - expected) / expected)
    }
    #expect(worst < 5e-7)
  }

  @Test(arguments: InstructionSet.available)
  func sigmoidsOfExtremes(_ instructionSet: InstructionSet) throws {
    let inputs: [Float] = [
      .nan, .infinity, -.infinity, 0, -0.0, 3.4e38, -3.4e38, 1e-38, .leastNonzeroMagnitude, -95,
      -103, -110, 89, 20,
    ]
    let found = try apply(CRISP_SIGMOID, inputs, instructionSet)
    #expect(found[0].isNaN)
    for (x, y) in zip(inputs, found).dropFirst() {
      let expected = Float(1 / (1 + exp(-Double(x))))
      // Below the smallest normal number a few units in the last place are left.
      #expect(abs(y - expected) <= 3e-7 * expected + 4 * .leastNonzeroMagnitude, "\(x): \(y)")
    }
  }

  @Test(arguments: InstructionSet.available)
  func hardActivationsFollowTheirFormulas(_ instructionSet: InstructionSet) throws {
    let inputs: [Float] = (-600...600).map { Float($0) / 60 } + [1e30, -1e30, .infinity]
    let sigmoids = try apply(
      CRISP_HARD_SIGMOID, inputs, instructionSet, slope: 0.2, offset: 0.5)
    let swishes = try apply(CRISP_HARD_SWISH, inputs, instructionSet)
    for (i, x) in inputs.enumerated() {
      #expect(abs(sigmoids[i] - min(max(0.2 * x + 0.5, 0), 1)) < 1e-6)
      let swish = x * min(max(x / 6 + 0.5, 0), 1)
      #expect(swishes[i] == swish || abs(swishes[i] - swish) < 1e-6 * (1 + abs(swish)))
    }
    #expect(
      try apply(CRISP_HARD_SIGMOID, [.nan, -.infinity], instructionSet, slope: 1).map(\.isNaN)
        == [true, false])
    #expect(try apply(CRISP_HARD_SWISH, [.nan], instructionSet)[0].isNaN)
  }

  @Test(arguments: InstructionSet.available)
  func masksHoldGaps(_ instructionSet: InstructionSet) throws {
    for length in 1...40 {
      let mask = (0..<length).map { $0 % 3 == 1 ? 0 : Int32(-1) }
      let found = try apply(
        CRISP_SIGMOID, [Float](repeating: 0, count: length), mask: mask, instructionSet)
      #expect(found == mask.map { $0 == 0 ? 0 : 0.5 })
    }
  }

  @Test(arguments: InstructionSet.available, [0, 1, 16])
  func productsRepeatTheirFactors(_ instructionSet: InstructionSet, period: Int) throws {
    let table = try #require(crisp_kernels_named(instructionSet.rawValue))
    for length in [1, 15, 16, 17, 64] {
      let whole = (length + 15) / 16 * 16
      let input = TestNetworks.normal(whole, seed: 1)
      let factor = TestNetworks.normal(whole, seed: 2)
      let mask = (0..<whole).map { $0 % 5 == 2 ? 0 : Int32(-1) }
      var output = [Float](repeating: 7, count: whole + 16)
      crisp_multiply_by(table, input, factor, period, mask, &output, length)
      for i in 0..<length {
        let other = factor[period == 0 ? i : i % period]
        #expect(output[i] == (mask[i] == 0 ? 0 : input[i] * other))
      }
      #expect(output[whole] == 7)
    }
  }
}
