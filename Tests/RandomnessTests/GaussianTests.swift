import Randomness
import Testing

@Suite struct GaussianTests {
  @Test func firstDraws() {
    var generator = SeededGenerator(seed: 1, stream: "golden")
    // The last bits of log and cos are the C library's.
    for expected in [1.4819669416535408, 0.43893774213286435, 0.008159651398767264] {
      #expect(abs(generator.nextGaussian() - expected) < 1e-12)
    }
  }

  /// Moments 0, 1, 0, 3 of the standard normal; the tolerances are four standard errors
  /// (√1/n, √2/n, √15/n, √96/n).
  @Test func moments() {
    var generator = SeededGenerator(seed: 10)
    let n = 200_000
    var sums = [0.0, 0.0, 0.0, 0.0]
    for _ in 0..<n {
      let x = generator.nextGaussian()
      sums[0] += x
      sums[1] += x * x
      sums[2] += x * x * x
      sums[3] += x * x * x * x
    }
    let expectations = [(0.0, 1.0), (1.0, 2.0), (0.0, 15.0), (3.0, 96.0)]
    for (sum, (moment, variance)) in zip(sums, expectations) {
      #expect(abs(sum / Double(n) - moment) < 4 * (variance / Double(n)).squareRoot())
    }
  }

  @Test func tailsHaveTheirShares() {
    var generator = SeededGenerator(seed: 11)
    let n = 100_000
    var beyond = [0, 0, 0]
    for _ in 0..<n {
      let distance = abs(generator.nextGaussian())
      for sigma in 1...3 where distance > Double(sigma) { beyond[sigma - 1] += 1 }
    }
    for (count, share) in zip(beyond, [0.31731, 0.04550, 0.00270]) {
      let error = 4 * (share * (1 - share) / Double(n)).squareRoot()
      #expect(abs(Double(count) / Double(n) - share) < error)
    }
  }

  /// Each draw takes two outputs and keeps nothing, so the state is the generator's alone.
  @Test func takesTwoOutputsADraw() {
    var drawn = SeededGenerator(seed: 12)
    var stepped = drawn
    _ = drawn.nextGaussian()
    _ = stepped.next()
    _ = stepped.next()
    #expect(drawn == stepped)
  }
}
