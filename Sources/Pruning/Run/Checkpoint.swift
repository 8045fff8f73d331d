import Foundation
import ModelFormats
import NeuralGraph

/// The state between two iterations: enough to go on and end with the same bytes as a run that was
/// never interrupted. Velocities are not part of it, because every iteration starts with none, nor
/// is the sampler, because every iteration has a stream of its own.
struct Checkpoint {
  /// What one iteration leaves.
  struct State {
    /// Iterations finished.
    let iteration: Int
    /// The network, which channel pruning changes.
    let graph: Graph
    /// Learning weights and statistics by name.
    let weights: Weights
    /// Per prunable layer.
    let masks: [LayerMask]
  }

  /// The iteration's state. Iterations are kept apart, so that a run of many writes each once.
  let state: State
  /// What the dense networks reach, measured before the first iteration.
  let references: References

  private static let identityKey = "run"
  private static let iterationKey = "iteration"
  private static let referencesKey = "references"
  private static let graphKey = "graph"

  init(state: State, references: References) {
    self.state = state
    self.references = references
  }

  /// `identity` names model, data, classes and recipe; a checkpoint of another run is refused.
  func serialized(identity: String) throws -> Data {
    var writer = SafetensorsWriter(metadata: [
      Checkpoint.identityKey: identity,
      Checkpoint.iterationKey: "\(state.iteration)",
      Checkpoint.graphKey: String(
        decoding: try JSONEncoder().encode(state.graph), as: UTF8.self),
      Checkpoint.referencesKey: String(
        decoding: try JSONEncoder().encode(references), as: UTF8.self),
    ])
    for (name, tensor) in state.weights { try writer.add("weight/\(name)", tensor) }
    for mask in state.masks {
      let name = mask.layer.name
      try writer.add(
        "tiles/\(name)", shape: [mask.tiles.count], mask.tiles.map { $0 ? UInt8(1) : 0 })
      try writer.add(
        "fine/\(name)", shape: [mask.fine.count], mask.fine.map { $0 ? UInt8(1) : 0 })
    }
    return writer.serialized()
  }

  /// Reads a checkpoint for exactly this run; any other fault of it than `unusableCheckpoint` would
  /// end the run.
  init(reading data: Data, identity: String, fresh: [LayerMask]) throws(PruningError) {
    do {
      try self.init(data, identity: identity, fresh: fresh)
    } catch let error as PruningError {
      throw error
    } catch {
      throw .unusableCheckpoint(reason: "\(error)")
    }
  }

  private init(_ data: Data, identity: String, fresh: [LayerMask]) throws {
    let file = try SafetensorsFile(data: data)
    guard file.metadata[Checkpoint.identityKey] == identity else {
      throw PruningError.unusableCheckpoint(reason: "it belongs to another run")
    }
    guard let iteration = file.metadata[Checkpoint.iterationKey].flatMap({ Int($0) }),
      iteration >= 1, let references = file.metadata[Checkpoint.referencesKey]
    else { throw PruningError.unusableCheckpoint(reason: "its header is incomplete") }
    self.references = try JSONDecoder().decode(References.self, from: Data(references.utf8))
    let graph = try JSONDecoder().decode(
      Graph.self, from: Data((file.metadata[Checkpoint.graphKey] ?? "").utf8))
    var weights: Weights = [:]
    for parameter in graph.parameters() {
      weights[parameter.name] = try file.tensor("weight/\(parameter.name)")
    }
    try graph.validate(weights)
    let masks = try fresh.map { mask in
      let name = mask.layer.name
      guard
        let restored = LayerMask(
          mask.layer, pattern: mask.pattern,
          tiles: try file.unsigned8("tiles/\(name)").map { $0 != 0 },
          fine: try file.unsigned8("fine/\(name)").map { $0 != 0 })
      else { throw PruningError.unusableCheckpoint(reason: "the masks of '\(name)' do not fit") }
      return restored
    }
    state = State(iteration: iteration, graph: graph, weights: weights, masks: masks)
  }
}
