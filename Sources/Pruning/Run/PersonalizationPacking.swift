import Datasets
import Foundation
import ModelFormats
import NeuralGraph
import SparseRuntime
import Training

/// The end of a run (crisp.md, steps 5 and 6): fold, pack, write, read back, compare, evaluate.
extension PersonalizationRun {
  /// Largest difference between packed and masked dense scores, relative to the largest score.
  private static let allowedError: Float = 1e-4
  private var batchSize: Int { network.graph.evaluationBatchSize }

  func packed(references: References, finalEpoch: Int) throws -> Personalization.Result {
    let (graph, folded) = try network.graph.foldingBatchNorm(network.weights())
    let description = try sliced.description.with(graph: graph)
    let layerMasks: [String: [Bool]] =
      recipe.sparsity > 0
      ? Dictionary(uniqueKeysWithValues: masks.map { ($0.layer.name, $0.weights) }) : [:]
    func model(accuracy: AccuracyNote?) throws -> PackedModel {
      try PackedModel(
        description: description, pattern: recipe.pattern, weights: folded, masks: layerMasks,
        provenance: Provenance(
          recipe: try CanonicalJSON.text(RecipeNote(recipe: recipe, classes: setup.profile)),
          accuracy: try accuracy.map { try CanonicalJSON.text($0) } ?? "{}", seed: recipe.seed,
          baseModelDigest: setup.universalDigest, dataDigest: try setup.dataset.digest.hex))
    }
    let session = try Session(
      model: model(accuracy: nil), batchCapacity: batchSize, threads: setup.threads)
    let pruned = SplitEvaluations(
      validation: try evaluate(session, .validation), test: try evaluate(session, .test))
    let data = try model(
      accuracy: AccuracyNote(
        restricted: references.restricted.test.accuracy,
        denseFineTuned: references.denseFineTuned.test.accuracy, pruned: pruned.test.accuracy)
    ).serialized()
    let reloaded = try PackedModel(data: data)
    let layers = layerReports()
    let report = PersonalizationReport(
      labels: setup.profile.names, references: references, pruned: pruned,
      iterations: iterations, finalEpoch: finalEpoch, globalSparsity: sparsity,
      modelSparsity: Self.sparsity(of: layers), layers: layers,
      denseMultiplyAccumulates: try sliced.description.graph.multiplyAccumulates().values
        .reduce(0, +),
      keptMultiplyAccumulates: try reloaded.multiplyAccumulates().values.reduce(0, +),
      denseBytes: try sliced.serialized().count, packedBytes: data.count,
      verificationError: try verify(reloaded))
    return Personalization.Result(packed: data, denseSliced: sliced, report: report)
  }

  /// The test split is read here for the first time for the pruned model, after every choice.
  private func evaluate(_ session: Session, _ split: Split) throws -> Evaluation {
    try Evaluation.run(loader, split: split, batchSize: batchSize) {
      try session.run(images: $0.images, count: $0.count)
    }
  }

  /// Compares the file, as a stranger would read it, with the masked dense network.
  private func verify(_ model: PackedModel) throws -> Float {
    let session = try Session(model: model, batchCapacity: batchSize, threads: setup.threads)
    var worst: Float = 0
    var scale: Float = 0
    for batch in loader.sequential(.validation, batchSize: batchSize) {
      let expected = try network.forward(batch.images, count: batch.count, mode: .inference)
      let found = try session.run(images: batch.images, count: batch.count)
      for (a, b) in zip(found, expected) {
        worst = max(worst, a.isFinite ? abs(a - b) : .infinity)
        scale = max(scale, abs(b))
      }
    }
    let error = worst / max(scale, .leastNormalMagnitude)
    guard error <= Self.allowedError else {
      throw PruningError.verificationFailed(relativeError: error, allowed: Self.allowedError)
    }
    return error
  }

  private func layerReports() -> [PersonalizationReport.Layer] {
    let byName = Dictionary(uniqueKeysWithValues: masks.map { ($0.layer.name, $0) })
    return PrunableLayer.layers(of: network.graph).map { layer in
      let mask = byName[layer.name]
      return PersonalizationReport.Layer(
        name: layer.name, treatment: layer.treatment, rows: layer.matrix.rows,
        columns: layer.matrix.columns, kept: mask?.keptCount ?? layer.matrix.count,
        tilesPerBlockRow: mask?.tilesPerBlockRow.first ?? 1,
        tileColumns: mask?.grid.blockColumns ?? 1)
    }
  }

  private static func sparsity(of layers: [PersonalizationReport.Layer]) -> Double {
    let total = layers.reduce(0) { $0 + $1.rows * $1.columns }
    return 1 - Double(layers.reduce(0) { $0 + $1.kept }) / Double(max(1, total))
  }
}

/// What the packed file says of its making.
private struct RecipeNote: Encodable {
  let recipe: PruningRecipe
  let classes: ClassProfile
}

/// Test accuracies as the packed file states them, 0…1.
private struct AccuracyNote: Encodable {
  let restricted: Double
  let denseFineTuned: Double
  let pruned: Double
}
