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

  /// The last iterations' states, the latest last: one, or with an accuracy floor all.
  let states: [State]
  /// What the dense networks reach, measured before the first iteration.
  let references: References

  private static let identityKey = "run"
  private static let iterationsKey = "iterations"
  private static let referencesKey = "references"
  private static func graphKey(_ iteration: Int) -> String { "graph \(iteration)" }

  init(states: [State], references: References) {
    self.states = states
    self.references = references
  }

  /// `identity` names model, data, classes and recipe; a checkpoint of another run is refused.
  func serialized(identity: String) throws -> Data {
    var metadata = [
      Checkpoint.identityKey: identity,
      Checkpoint.iterationsKey: states.map { "\($0.iteration)" }.joined(separator: " "),
      Checkpoint.referencesKey: String(
        decoding: try JSONEncoder().encode(references), as: UTF8.self),
    ]
    for state in states {
      metadata[Checkpoint.graphKey(state.iteration)] = String(
        decoding: try JSONEncoder().encode(state.graph), as: UTF8.self)
    }
    var writer = SafetensorsWriter(metadata: metadata)
    for state in states {
      let start = "\(state.iteration)/"
      for (name, tensor) in state.weights { try writer.add("\(start)weight/\(name)", tensor) }
      for mask in state.masks {
        let name = mask.layer.name
        try writer.add(
          "\(start)tiles/\(name)", shape: [mask.tiles.count], mask.tiles.map { $0 ? UInt8(1) : 0 })
        try writer.add(
          "\(start)fine/\(name)", shape: [mask.fine.count], mask.fine.map { $0 ? UInt8(1) : 0 })
      }
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
    let iterations = (file.metadata[Checkpoint.iterationsKey] ?? "").split(separator: " ")
      .compactMap { Int($0) }
    guard !iterations.isEmpty, let references = file.metadata[Checkpoint.referencesKey] else {
      throw PruningError.unusableCheckpoint(reason: "its header is incomplete")
    }
    self.references = try JSONDecoder().decode(References.self, from: Data(references.utf8))
    states = try iterations.map { iteration in
      let start = "\(iteration)/"
      let graph = try JSONDecoder().decode(
        Graph.self, from: Data((file.metadata[Checkpoint.graphKey(iteration)] ?? "").utf8))
      var weights: Weights = [:]
      for parameter in graph.parameters() {
        weights[parameter.name] = try file.tensor("\(start)weight/\(parameter.name)")
      }
      try graph.validate(weights)
      let masks = try fresh.map { mask in
        let name = mask.layer.name
        guard
          let restored = LayerMask(
            mask.layer, pattern: mask.pattern,
            tiles: try file.unsigned8("\(start)tiles/\(name)").map { $0 != 0 },
            fine: try file.unsigned8("\(start)fine/\(name)").map { $0 != 0 })
        else { throw PruningError.unusableCheckpoint(reason: "the masks of '\(name)' do not fit") }
        return restored
      }
      return State(iteration: iteration, graph: graph, weights: weights, masks: masks)
    }
  }
}
