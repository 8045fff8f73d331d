import CTraining
import Randomness
import Testing

/// Additions, clamps and the optimiser's step. Every result is one rounding away from its inputs, so
/// all instruction sets must give the very bits of Swift's arithmetic.
@Suite struct FlatPassTests {
  private static let counts = [0, 1, 15, 16, 17, 100, 30_001]

  private func numbers(_ count: Int, _ type: PassType, seed: UInt64) -> [Float] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in type.rounded(Float(generator.nextUniform() * 20 - 8)) }
  }

  private func clamped(_ value: Float, _ lower: Float, _ upper: Float) -> Float {
    let raised = value < lower ? lower : value
    return raised > upper ? upper : raised
  }

  /// crisp_add into memory of its own.
  private func add(
    _ a: PassValues, _ b: PassValues?, _ clamp: (lower: Float, upper: Float), count: Int,
    threads: Int32
  ) -> PassValues {
    let type = a.type
    var result = PassValues(unwritten: count, type)
    PassValues?(a).withPointer { a in
      b.withPointer { b in
        result.withMutablePointer {
          crisp_add(a, b, clamp.lower, clamp.upper, $0, count, type.code, threads)
        }
      }
    }
    return result
  }

  @Test(arguments: InstructionSet.available, PassType.allCases)
  func sums(set: InstructionSet, type: PassType) {
    for count in Self.counts {
      let (a, b) = (numbers(count, type, seed: 1), numbers(count, type, seed: 2))
      let (storedA, storedB) = (PassValues(a, type), PassValues(b, type))
      for clamp in NormalizationCase.clamps {
        let alone = PassValues(a.map { clamped($0, clamp.lower, clamp.upper) }, type)
        let both = PassValues(
          zip(a, b).map { clamped($0 + $1, clamp.lower, clamp.upper) }, type)
        for threads in Int32(1)...3 {
          set.use {
            #expect(add(storedA, nil, clamp, count: count, threads: threads) == alone)
            #expect(add(storedA, storedB, clamp, count: count, threads: threads) == both)
            var inPlace = storedA
            PassValues?(storedB).withPointer { b in
              inPlace.withMutablePointer { a in
                crisp_add(a, b, clamp.lower, clamp.upper, a, count, type.code, threads)
              }
            }
            #expect(inPlace == both)
          }
        }
      }
    }
  }

  @Test(arguments: InstructionSet.available, PassType.allCases)
  func gradientsPassInsideTheClamp(set: InstructionSet, type: PassType) {
    for count in Self.counts {
      for (lower, upper) in NormalizationCase.clamps {
        let gradient = numbers(count, type, seed: 3)
        var out = numbers(count, type, seed: 4).map { clamped($0, lower, upper) }
        if count > 4 { out[4] = .nan }
        let expected = PassValues(
          zip(gradient, out).map { $1 > lower && $1 < upper ? $0 : 0 }, type)
        for threads in Int32(1)...3 {
          var found = PassValues(gradient, type)
          set.use {
            PassValues?(PassValues(out, type)).withPointer { out in
              found.withMutablePointer {
                crisp_clamp_backward($0, out, lower, upper, $0, count, type.code, threads)
              }
            }
          }
          #expect(found == expected, "\(count) values, \(threads) threads")
        }
      }
    }
  }

  /// Every bfloat16 alone: only signalling NaNs change, to quiet ones.
  @Test(arguments: InstructionSet.available) func everyBF16IsReadAndWritten(set: InstructionSet) {
    let all = (0...UInt16.max).map { $0 }
    for clamp in NormalizationCase.clamps {
      let found = set.use {
        add(PassValues(upperHalves: all), nil, clamp, count: all.count, threads: 2)
      }.upperHalves
      let expected = all.map {
        nearestBF16(clamped(Float(upperHalf: $0), clamp.lower, clamp.upper))
      }
      #expect(found == expected)
    }
  }

  /// Sums of two bfloat16s have up to 24 bits to round: all ties, denormals, overflows and NaNs.
  @Test(arguments: InstructionSet.available) func sumsRoundToTheNearestEven(set: InstructionSet) {
    let special: [UInt16] = [
      0x0000, 0x0001, 0x0002, 0x0003, 0x007f, 0x0080, 0x0081, 0x3b80, 0x3b81, 0x3c00, 0x3f7f,
      0x3f80, 0x3f81, 0x3f82, 0x4000, 0x7b00, 0x7b80, 0x7f7e, 0x7f7f, 0x7f80, 0x7f81, 0x7fc0,
      0x7fff,
    ]
    let signed = special + special.map { $0 | 0x8000 }
    var pairs = signed.flatMap { a in signed.map { (a, $0) } }
    var generator = SeededGenerator(seed: 7)
    for _ in 0..<40_000 {
      let bits = generator.next()
      let a = UInt16(truncatingIfNeeded: bits)
      // Exponents that differ by up to 16, so that the smaller number decides the rounding.
      let exponent = Int(a >> 7 & 0xff) - Int(bits >> 16 & 15)
      let b = UInt16(max(0, exponent)) << 7 | UInt16(truncatingIfNeeded: bits >> 20) & 0x807f
      pairs.append((a, b))
    }
    // Which of two NaNs survives an addition is the processor's choice.
    pairs.removeAll { Float(upperHalf: $0).isNaN && Float(upperHalf: $1).isNaN }
    let (a, b) = (pairs.map(\.0), pairs.map(\.1))
    let found = set.use {
      add(
        PassValues(upperHalves: a), PassValues(upperHalves: b), (-.infinity, .infinity),
        count: pairs.count, threads: 1)
    }.upperHalves
    var ties = 0
    for i in pairs.indices {
      let sum = Float(upperHalf: a[i]) + Float(upperHalf: b[i])
      if sum.bitPattern & 0xffff == 0x8000 { ties += 1 }
      let expected = nearestBF16(sum)
      if found[i] != expected {
        Issue.record("\(a[i]) + \(b[i]) gives \(found[i]), not \(expected)")
      }
    }
    #expect(ties > 1000)
  }

  @Test func referenceRoundsAsDocumented() {
    #expect(nearestBF16(1) == 0x3f80)
    #expect(nearestBF16(Float(bitPattern: 0x3f80_8000)) == 0x3f80)
    #expect(nearestBF16(Float(bitPattern: 0x3f81_8000)) == 0x3f82)
    #expect(nearestBF16(Float(bitPattern: 0x3f80_8001)) == 0x3f81)
    #expect(nearestBF16(.greatestFiniteMagnitude) == 0x7f80)
    #expect(nearestBF16(-.infinity) == 0xff80)
    #expect(nearestBF16(Float(bitPattern: 0x7f80_0001)) == 0x7fc0)
    #expect(nearestBF16(Float(bitPattern: 0x0000_8000)) == 0)
    #expect(nearestBF16(Float(bitPattern: 0x0001_8000)) == 2)
  }
}
