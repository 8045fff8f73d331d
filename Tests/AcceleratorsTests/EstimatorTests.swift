import Accelerators
import Foundation
import NeuralGraph
import Testing

/// What must hold whatever the numbers are.
@Suite struct EstimatorTests {
  static func estimate(
    _ accelerator: Accelerator, _ product: MatrixProduct, _ weights: WeightSparsity,
    _ conditions: EstimateConditions = EstimateConditions()
  ) throws -> ProductEstimate {
    try Estimator(accelerator, energies: .standard(), conditions: conditions)
      .estimate(product, weights: weights)
  }

  static let products: [MatrixProduct] = [
    (64, 64, 64), (1, 1, 1), (10, 512, 1), (64, 147, 12544), (512, 4608, 49), (4096, 25088, 1),
    (33, 77, 101), (2048, 512, 784),
  ].compactMap {
    try? MatrixProduct(outputs: $0.0, depth: $0.1, positions: $0.2, activationDensity: 0.5)
  }

  /// Sides that are each in range and whose product is not: an error, not the end of the program.
  @Test func productsBeyondTheirRangeAreErrors() throws {
    let side = 1 << 20
    let graph = Graph(
      input: ActivationShape(channels: 1, height: side, width: side),
      nodes: [
        Node(
          name: "conv",
          operation: .convolution(
            Convolution(
              inChannels: 1, outChannels: 8, window: Window(kernel: 64, padding: 32), bias: false)),
          inputs: [Graph.inputName])
      ], output: "conv")
    let error = #expect(throws: AcceleratorError.self) {
      try graph.products(batch: 4096) { _ in .dense }
    }
    #expect(error?.code == "invalid_product")
  }

  @Test(arguments: products, Accelerator.allCases)
  func everythingIsFiniteAndPositive(product: MatrixProduct, accelerator: Accelerator) throws {
    for weights: WeightSparsity in [
      .dense, .fine(keep: 2, of: 4), .fine(keep: 1, of: 16), .unstructured(density: 0.01),
      .hybrid(keep: 2, of: 4, block: 16, tiles: 0.1),
      .hybrid(keep: 1, of: 4, block: 8, tiles: 1e-9),
    ] {
      for memory in EstimateConditions.Memory.allCases {
        for precision in EstimateConditions.Precision.allCases {
          let estimate = try Self.estimate(
            accelerator, product, weights,
            EstimateConditions(memory: memory, precision: precision))
          #expect(estimate.cycles.total.isFinite && estimate.cycles.total > 0)
          #expect(estimate.energy.total.isFinite && estimate.energy.total > 0)
        }
      }
    }
  }

  /// But where a group of columns is padded for want of depth.
  @Test(arguments: products.filter { $0.depth >= 64 })
  func zerosNeverCostMore(product: MatrixProduct) throws {
    let dense = try Self.estimate(.tensorCore, product, .dense)
    for accelerator in [Accelerator.sparseTensorCore, .flexible, .crisp] {
      let sparse = try Self.estimate(accelerator, product, .fine(keep: 2, of: 4))
      #expect(sparse.cycles.total <= dense.cycles.total * 1.0001)
      #expect(sparse.energy.total <= dense.energy.total * 1.05)
    }
  }

  @Test func tilesOfSixtyFourShareOneBroadcast() throws {
    let product = try MatrixProduct(outputs: 256, depth: 1152, positions: 784)
    let conditions = EstimateConditions(memory: .resident)
    func cycles(_ block: Int) throws -> Double {
      try Self.estimate(
        .crisp, product, .hybrid(keep: 2, of: 4, block: block, tiles: 0.5), conditions
      ).cycles.sharedMemory
    }
    // 42 words a cycle; 2 x 32 + 4 + 1 and 4 x 32 + 2 + 0.5 (Documentation/accelerators.md).
    #expect(abs(try cycles(32) / cycles(64) - 69.0 / 42) < 0.02)
    #expect(abs(try cycles(16) / cycles(64) - 130.5 / 42) < 0.04)
  }

  @Test func sixteenBitsTakeTwiceTheWords() throws {
    let product = try MatrixProduct(outputs: 128, depth: 1152, positions: 1024)
    let eight = try Self.estimate(.tensorCore, product, .dense)
    let sixteen = try Self.estimate(
      .tensorCore, product, .dense, EstimateConditions(precision: .bits16))
    #expect(sixteen.cycles.compute == eight.cycles.compute)
    #expect(sixteen.energy.dram >= 2 * eight.energy.dram)
  }

  @Test func activationsOnChipCostNoDRAM() throws {
    let product = try MatrixProduct(outputs: 64, depth: 576, positions: 3136)
    let resident = try Self.estimate(
      .tensorCore, product, .dense, EstimateConditions(memory: .resident))
    #expect(abs(resident.energy.dram - 64.0 * 64 * 576 * 1e-6) < 1e-9)
  }

  @Test func whatIsOutOfRangeIsRefused() throws {
    #expect(throws: AcceleratorError.self) {
      try MatrixProduct(outputs: 0, depth: 1, positions: 1)
    }
    #expect(throws: AcceleratorError.self) {
      try MatrixProduct(outputs: Int.max, depth: Int.max, positions: Int.max)
    }
    #expect(throws: AcceleratorError.self) {
      try MatrixProduct(outputs: 1, depth: 1, positions: 1, activationDensity: .nan)
    }
    let product = try MatrixProduct(outputs: 16, depth: 16, positions: 16)
    for weights: WeightSparsity in [
      .fine(keep: 3, of: 2), .fine(keep: 0, of: 4), .unstructured(density: 0),
      .unstructured(density: .infinity), .hybrid(keep: 2, of: 4, block: 0, tiles: 0.5),
      .hybrid(keep: 2, of: 4, block: 16, tiles: -1),
    ] {
      #expect(throws: AcceleratorError.self) {
        try Self.estimate(.crisp, product, weights)
      }
    }
  }

  @Test func anUnknownAcceleratorIsNamedWithThoseThereAre() {
    #expect(throws: AcceleratorError.unknownAccelerator("TPU")) { try Accelerator(named: "TPU") }
    let text = AcceleratorError.unknownAccelerator("TPU").description
    for accelerator in Accelerator.allCases { #expect(text.contains(accelerator.rawValue)) }
  }
}
