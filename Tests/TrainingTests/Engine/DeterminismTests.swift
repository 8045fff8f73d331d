import NeuralGraph
import Testing
import Training

/// The same seed has to give the same bytes.
@Suite struct DeterminismTests {
  private func trained(threads: Int, precision: Precision) throws -> Weights {
    let problem = try StripesProblem()
    let network = try Network(
      graph: problem.graph, weights: problem.weights, threads: threads, precision: precision)
    _ = try problem.train(network, steps: 5)
    return network.weights()
  }

  @Test(arguments: [1, 2], Precision.allCases.filter(\.isSupported))
  func trainingRepeatsItself(threads: Int, precision: Precision) throws {
    let first = try trained(threads: threads, precision: precision)
    #expect(try trained(threads: threads, precision: precision) == first)
    #expect(try first != StripesProblem().weights)
  }

  /// oneDNN splits sums among threads, so their number shows, but in the last bits only: at worst
  /// 3.4e-7 was measured.
  @Test func threadsChangeRoundingOnly() throws {
    let one = try trained(threads: 1, precision: .f32)
    let two = try trained(threads: 2, precision: .f32)
    for (name, weight) in one {
      let other = try #require(two[name])
      #expect(relativeError(other.values, weight.values) < 1e-5, "\(name)")
    }
  }
}
