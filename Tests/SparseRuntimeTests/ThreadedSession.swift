import Cores
import ModelFormats
import NeuralGraph
import SparseRuntime
import Testing

extension Session {
  /// A session of exactly so many threads, however few cores there are.
  convenience init(
    model: PackedModel, batchCapacity: Int, exactly threads: Int,
    instructionSet: InstructionSet? = nil
  ) throws {
    try self.init(
      graph: model.description.graph, layers: model.layers, weights: model.dense,
      batchCapacity: batchCapacity, threads: threads, instructionSet: instructionSet)
  }

  /// The same of a dense network.
  convenience init(
    graph: Graph, weights: Weights, batchCapacity: Int, exactly threads: Int,
    instructionSet: InstructionSet? = nil
  ) throws {
    let (graph, weights) = try graph.foldingBatchNorm(weights)
    try self.init(
      graph: graph, layers: [:], weights: weights, batchCapacity: batchCapacity, threads: threads,
      instructionSet: instructionSet)
  }
}

@Suite struct ThreadedSessionTests {
  @Test(arguments: [1, 2, 3, 256]) func noMoreThreadsAreTakenThanThereAreCores(threads: Int) throws
  {
    let graph = try TestNetworks.residual()
    let session = try Session(
      graph: graph, weights: TestNetworks.weights(graph, seed: 1), batchCapacity: 1,
      threads: threads)
    #expect(session.threads == min(threads, Cores.usable))
  }
}
