import Foundation
import Randomness
import Testing

/// The sequence is part of every recorded run, so it is pinned. The numbers come from a second
/// implementation of the paper's algorithms in Python integers.
@Suite struct SeededGeneratorTests {
  @Test(
    arguments: [
      (
        0, "",
        [
          0x99ec_5f36_cb75_f2b4, 0xbf6e_1f78_4956_452a, 0x1a5f_849d_4933_e6e0,
          0x6aa5_94f1_262d_2d2c,
        ]
      ),
      (
        42, "",
        [
          0x1578_0b2e_0c2e_c716, 0x6104_d986_6d11_3a7e, 0xae17_5332_39e4_99a1,
          0xecb8_ad47_03b3_60a1,
        ]
      ),
      (
        .max, "",
        [
          0x8f55_20d5_2a7e_ad08, 0xc476_a018_caa1_802d, 0x81de_31c0_d260_469e,
          0xbf65_8d7e_065f_3c2f,
        ]
      ),
      (
        0, "a",
        [
          0x2f3f_2c91_977a_f5ee, 0x30f4_1370_8903_0ab1, 0x627d_8afd_9ef3_8b39,
          0x4ad7_5c49_f647_a8f9,
        ]
      ),
      (
        7, "shuffle",
        [
          0x151d_f880_eaa7_0f13, 0x198c_be4a_aee9_e86e, 0x5e7d_8f4e_90f3_c3a0,
          0x114c_70f9_d063_a32e,
        ]
      ),
    ] as [(UInt64, String, [UInt64])])
  func firstOutputs(seed: UInt64, stream: String, expected: [UInt64]) {
    var generator = SeededGenerator(seed: seed, stream: stream)
    #expect((0..<4).map { _ in generator.next() } == expected)
  }

  @Test func derivedDrawsArePinned() {
    var uniform = SeededGenerator(seed: 1, stream: "golden")
    #expect(
      (0..<3).map { _ in uniform.nextUniform() } == [
        0.8500625770895447, 0.11242150492178316, 0.16450561982287848,
      ])
    var small = SeededGenerator(seed: 1, stream: "golden")
    #expect(
      (0..<8).map { _ in small.nextIndex(below: 1000) } == [
        850, 112, 164, 880, 422, 248, 420, 546,
      ])
    // 3 x 2^61 does not divide 2^64: some draws are rejected.
    var large = SeededGenerator(seed: 1, stream: "golden")
    #expect(
      (0..<4).map { _ in large.nextIndex(below: 3 << 61) } == [
        5_880_332_552_328_310_648, 777_679_023_627_529_918, 1_137_972_400_334_850_263,
        6_092_488_335_807_687_255,
      ])
    var shuffling = SeededGenerator(seed: 1, stream: "golden")
    var order = Array(0..<12)
    shuffling.shuffle(&order)
    #expect(order == [0, 6, 4, 8, 5, 2, 9, 3, 7, 11, 1, 10])
  }

  @Test func seedsAndStreamsDiffer() {
    var firsts = Set<UInt64>()
    for seed: UInt64 in 0..<50 {
      for stream in ["", "a", "b", "ab", "ba", "shuffle", "augmentation", "shuffle "] {
        var generator = SeededGenerator(seed: seed, stream: stream)
        firsts.insert(generator.next())
      }
    }
    #expect(firsts.count == 50 * 8)
  }

  /// Pearson's correlation of two independent streams of n draws stays within 4/√n.
  @Test(
    arguments: [
      (1, "shuffle", 1, "augmentation"), (1, "x", 2, "x"), (1, "", 1, "a"),
      (1, "layer1", 1, "layer2"),
    ] as [(UInt64, String, UInt64, String)])
  func streamsAreUncorrelated(_ a: UInt64, _ streamA: String, _ b: UInt64, _ streamB: String) {
    var x = SeededGenerator(seed: a, stream: streamA)
    var y = SeededGenerator(seed: b, stream: streamB)
    let n = 20_000
    var sum = 0.0
    for _ in 0..<n { sum += (x.nextUniform() - 0.5) * (y.nextUniform() - 0.5) }
    #expect(abs(sum / Double(n) * 12) < 4 / Double(n).squareRoot())
  }

  @Test func anInterruptedSequenceContinuesFromItsJSON() throws {
    var generator = SeededGenerator(seed: 5, stream: "saved")
    _ = generator.next()
    var restored = try JSONDecoder().decode(
      SeededGenerator.self, from: JSONEncoder().encode(generator))
    #expect(restored == generator)
    #expect((0..<10).map { _ in restored.next() } == (0..<10).map { _ in generator.next() })
  }

  @Test func uniformFillsTheUnitInterval() {
    var generator = SeededGenerator(seed: 2)
    var cells = [Int](repeating: 0, count: 16)
    for _ in 0..<64_000 {
      let value = generator.nextUniform()
      #expect(value >= 0 && value < 1)
      cells[min(15, Int(value * 16))] += 1
    }
    // 99.9 % point of chi-square with 15 degrees of freedom.
    #expect(chiSquare(cells) < 37.70)
  }

  @Test(arguments: [1, 0, -1, .min]) func indexBelowOneOrLessIsZeroAndDrawsNothing(_ bound: Int) {
    var generator = SeededGenerator(seed: 3)
    let before = generator
    #expect(generator.nextIndex(below: bound) == 0)
    #expect(generator == before)
  }

  @Test(arguments: [2, 3, 10, 1 << 32, (1 << 32) + 1, .max]) func indexStaysBelow(_ bound: Int) {
    var generator = SeededGenerator(seed: 4)
    let range = 0..<bound
    for _ in 0..<2000 { #expect(range.contains(generator.nextIndex(below: bound))) }
  }

  /// 99.9 % points of chi-square with bound - 1 degrees of freedom.
  @Test(arguments: [(2, 10.83), (3, 13.82), (7, 22.46), (10, 27.88), (64, 103.44)])
  func indexIsUniform(bound: Int, critical: Double) {
    var generator = SeededGenerator(seed: 6, stream: "\(bound)")
    var cells = [Int](repeating: 0, count: bound)
    for _ in 0..<100_000 { cells[generator.nextIndex(below: bound)] += 1 }
    #expect(chiSquare(cells) < critical)
  }

  /// Of 2^64 outputs scaled to 3 x 2^61 values, residue 2 would get two for three without the
  /// rejection step.
  @Test func largeBoundsAreUnbiased() {
    var generator = SeededGenerator(seed: 7)
    var cells = [0, 0, 0]
    for _ in 0..<60_000 { cells[generator.nextIndex(below: 3 << 61) % 3] += 1 }
    #expect(chiSquare(cells) < 13.82)
  }

  @Test(arguments: [0, 1, 2, 3, 17, 1000]) func shuffleIsAPermutation(_ count: Int) {
    var generator = SeededGenerator(seed: 8)
    var elements = Array(0..<count)
    generator.shuffle(&elements)
    #expect(elements.sorted() == Array(0..<count))
    if count >= 17 { #expect(elements != Array(0..<count)) }
  }

  /// All orders of four elements are equally likely (23 degrees of freedom).
  @Test func shuffleIsUniform() {
    var generator = SeededGenerator(seed: 9)
    var counts: [[Int]: Int] = [:]
    for _ in 0..<48_000 {
      var elements = [0, 1, 2, 3]
      generator.shuffle(&elements)
      counts[elements, default: 0] += 1
    }
    #expect(counts.count == 24)
    #expect(chiSquare(Array(counts.values)) < 49.73)
  }

  private func chiSquare(_ cells: [Int]) -> Double {
    let expected = Double(cells.reduce(0, +)) / Double(cells.count)
    return cells.reduce(0) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
  }
}
