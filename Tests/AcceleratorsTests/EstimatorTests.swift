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
        .crisp, product, .hybrid(keep: 2, of: 4, block: block, tiles: 2.0 / 9), conditions
      ).cycles.sharedMemory
    }
    // 42 words a cycle; 2 x 32 + 4 + 1 and 4 x 32 + 2 + 0.5 (Documentation/accelerators.md).
    #expect(abs(try cycles(32) / cycles(64) - 69.0 / 42) < 0.02)
    #expect(abs(try cycles(16) / cycles(64) - 130.5 / 42) < 0.04)
  }

  /// A design that can skip tiles need not: it is never slower than with N:M alone, and with more tiles
  /// never faster.
  @Test(arguments: products.filter { $0.depth >= 64 }, [8, 16, 32, 64])
  func tilesAreUsedWhereTheyPay(product: MatrixProduct, block: Int) throws {
    let columns = (product.depth + block - 1) / block
    let plain = try Self.estimate(.crisp, product, .fine(keep: 2, of: 4))
    var last = 0.0
    for kept in Set([1, 2, columns / 4, columns / 2, columns - 1, columns]).sorted()
    where (1...columns).contains(kept) {
      let found = try Self.estimate(
        .crisp, product,
        .hybrid(keep: 2, of: 4, block: block, tiles: Double(kept) / Double(columns)))
      #expect(found.cycles.total <= plain.cycles.total)
      #expect(found.cycles.total >= last)
      last = found.cycles.total
    }
  }

  /// Small tiles at half of their number: four broadcasts of 32 inputs take longer than one for all.
  @Test func tilesThatDoNotPayAreStored() throws {
    let product = try MatrixProduct(outputs: 256, depth: 1152, positions: 784)
    let found = try Self.estimate(
      .crisp, product, .hybrid(keep: 2, of: 4, block: 16, tiles: 0.5))
    #expect(found == (try Self.estimate(.crisp, product, .fine(keep: 2, of: 4))))
  }

  @Test func rowsThatSharePlacesReadFewerOfThem() throws {
    let product = try MatrixProduct(outputs: 256, depth: 1152, positions: 16)
    func cycles(_ rows: Int) throws -> Double {
      try Self.estimate(
        .crisp, product, .hybrid(keep: 2, of: 4, block: 64, tiles: 0.25, rows: rows)
      ).cycles.sharedMemory
    }
    #expect(try cycles(4) < cycles(2))
    #expect(try cycles(2) < cycles(1))
    #expect(throws: AcceleratorError.self) { try cycles(65) }
  }

  @Test func boundsAreSharesOfAllCycles() throws {
    var builder = GraphBuilder(input: ActivationShape(channels: 3, height: 32, width: 32))
    let x = builder.convolution("a", builder.image, out: 64, kernel: 3, padding: 1)
    let scores = builder.linear("b", x, features: 64 * 1024, out: 10)
    let graph = try builder.graph(output: scores)
    let estimate = try NetworkEstimate(
      graph.products(batch: 1, densities: ["a": 1, "b": 0.5]) { _ in .dense },
      estimator: Estimator(.tensorCore, energies: .standard()))
    #expect(abs(estimate.bounds.values.reduce(0, +) - 1) < 1e-12)
    #expect(estimate.bounds[.dram] ?? 0 > 0.5)
    let (a, b) = (64.0 * 27 * 1024, 10.0 * 64 * 1024)
    #expect(abs(estimate.activationDensity - (a + b / 2) / (a + b)) < 1e-12)
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
    // In documents too.
    let error = #expect(throws: DecodingError.self) {
      try JSONDecoder().decode([Accelerator].self, from: Data(#"["dual-side", "TPU"]"#.utf8))
    }
    #expect("\(error as Any)".contains(text))
  }
}
