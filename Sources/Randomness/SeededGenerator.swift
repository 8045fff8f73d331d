/// A small deterministic generator, xoshiro256** seeded through SplitMix64
/// (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2021).
///
/// Every random choice of the project (initial weights, shuffles, augmentation, sampling) draws
/// from one of these, so that a seed reproduces a run. Independent purposes take independent
/// streams: `SeededGenerator(seed: 7, stream: "shuffle")`.
public struct SeededGenerator: RandomNumberGenerator, Sendable, Hashable, Codable {
  private var s0, s1, s2, s3: UInt64

  /// A generator for one purpose. `stream` is hashed (FNV-1a, 64 bit) into the seed, so adding a
  /// new consumer of randomness does not disturb the numbers of the others.
  public init(seed: UInt64, stream: String = "") {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in stream.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    var state = seed ^ (stream.isEmpty ? 0 : hash)
    func splitMix() -> UInt64 {
      state &+= 0x9e37_79b9_7f4a_7c15
      var z = state
      z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
      z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
      return z ^ (z >> 31)
    }
    s0 = splitMix()
    s1 = splitMix()
    s2 = splitMix()
    s3 = splitMix()
  }

  /// The next 64 uniformly distributed bits.
  public mutating func next() -> UInt64 {
    let rotated = s1 &* 5
    let result = ((rotated << 7) | (rotated >> 57)) &* 9
    let shifted = s1 << 17
    s2 ^= s0
    s3 ^= s1
    s1 ^= s2
    s0 ^= s3
    s2 ^= shifted
    s3 = (s3 << 45) | (s3 >> 19)
    return result
  }

  /// Uniform in [0, 1), with the 53 bits a Double can hold.
  public mutating func nextUniform() -> Double {
    Double(next() >> 11) * 0x1p-53
  }

  /// Uniform in 0..<bound without modulo bias (Lemire's multiply-shift with rejection).
  /// `bound` of 0 or less answers 0. Written here, not taken from the standard library, because
  /// the sequence must not change with the toolchain.
  public mutating func nextIndex(below bound: Int) -> Int {
    guard bound > 1 else { return 0 }
    let n = UInt64(bound)
    var product = next().multipliedFullWidth(by: n)
    if product.low < n {
      let threshold = (0 &- n) % n
      while product.low < threshold { product = next().multipliedFullWidth(by: n) }
    }
    return Int(product.high)
  }

  /// Fisher–Yates shuffle in place.
  public mutating func shuffle<Element>(_ elements: inout [Element]) {
    guard elements.count > 1 else { return }
    for i in stride(from: elements.count - 1, to: 0, by: -1) {
      elements.swapAt(i, nextIndex(below: i + 1))
    }
  }
}
