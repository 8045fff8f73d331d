import Datasets
import Foundation
import ModelFormats
import NeuralGraph
import SparseRuntime
import Training

/// The end of a run (Documentation/method.md, steps 5 and 6): fold, pack, write, read back,
/// compare, evaluate.
extension PersonalizationRun {
  /// Largest difference between packed and masked dense scores, relative to the largest score:
  /// rounding of sums and, in halves and whole numbers, of weights.
  private var allowedError: Float {
    switch recipe.storage {
    case .float32: 1e-4
    case .float16: 1e-2
    case .int8: 1e-1
    }
  }
  /// Images that are compared, about.
  private static let comparedImages = 256
  /// Images on which zeros of activations are counted: shares of millions of values settle early.
  private static let countedImages = 32
  private var batchSize: Int { network.graph.evaluationBatchSize }

  /// The network as it is, batch norm folded, in the packed format.
  func packedModel(masks: [LayerMask], accuracy: AccuracyNote?) throws -> PackedModel {
    let model = try answering()
    let (graph, folded) = try model.description.graph.foldingBatchNorm(model.weights)
    let layerMasks: [String: [Bool]] =
      recipe.target.prunes && recipe.method.isPacked
      ? Dictionary(uniqueKeysWithValues: masks.map { ($0.layer.name, $0.weights) }) : [:]
    return try PackedModel(
      description: try sliced.description.with(graph: graph), pattern: recipe.pattern,
      weights: folded, masks: layerMasks,
      provenance: Provenance(
        recipe: try CanonicalJSON.text(RecipeNote(recipe: recipe, classes: setup.profile)),
        accuracy: try accuracy.map { try CanonicalJSON.text($0) } ?? "{}", seed: recipe.seed,
        baseModelDigest: setup.universalDigest, dataDigest: try setup.dataset.digest.hex))
  }

  func packed(references: References, finalEpoch: Int) throws -> Personalization.Result {
    var result = try clock.time(.packing) {
      try pack(references: references, finalEpoch: finalEpoch)
    }
    result.report.seconds = clock.seconds()
    return result
  }

  private func pack(references: References, finalEpoch: Int) throws -> Personalization.Result {
    let session = try Session(
      model: PackedModel(
        data: packedModel(masks: masks, accuracy: nil).serialized(precision: recipe.storage)),
      batchCapacity: batchSize, threads: setup.threads)
    let pruned = SplitEvaluations(
      validation: try evaluate(session, .validation), test: try evaluate(session, .test))
    let data = try packedModel(
      masks: masks,
      accuracy: AccuracyNote(
        restricted: references.restricted.testAccuracy,
        denseFineTuned: references.denseFineTuned?.testAccuracy, pruned: pruned.testAccuracy)
    ).serialized(precision: recipe.storage)
    if case .bytes(let most) = recipe.target, data.count > most {
      throw PruningError.targetOutOfReach(
        target: recipe.target.name, requested: Double(most), least: Double(data.count))
    }
    let reloaded = try PackedModel(data: data)
    let layers = layerReports()
    let report = PersonalizationReport(
      labels: setup.profile.names, references: references, pruned: pruned,
      iterations: iterations, chosenIteration: progress.iteration, finalEpoch: finalEpoch,
      globalSparsity: sparsity, modelSparsity: Self.sparsity(of: layers), layers: layers,
      denseMultiplyAccumulates: try sliced.description.graph.multiplyAccumulates().values
        .reduce(0, +),
      keptMultiplyAccumulates: try keptMultiplyAccumulates(reloaded),
      denseBytes: try sliced.serialized().count, packedBytes: data.count,
      encodedBytes: data.count - savedBytes(), verificationError: try verify(reloaded),
      activationDensities: try activationDensities())
    return Personalization.Result(packed: data, denseSliced: sliced, report: report, recipe: recipe)
  }

  private func keptMultiplyAccumulates(_ model: PackedModel) throws -> Int {
    switch recipe.method {
    case .hybrid, .fineOnly, .channels, .dense:
      return try model.multiplyAccumulates().values.reduce(0, +)
    case .blocks, .unstructured:
      let graph = sliced.description.graph
      return Int(try ResourceModel.multiplyAccumulates(masks, graph: graph).total(masks))
    }
  }

  /// What an encoding made for the method would save of a file that stores zeros: positions as 16
  /// bits a tile or, for single weights, as a bit for every weight or 16 bits for every kept one.
  private func savedBytes() -> Int {
    // Of methods that are not packed tensors are stored.
    let size = recipe.storage.ofTensors.size
    return masks.reduce(0) { saved, mask in
      let (count, kept) = (mask.layer.matrix.count, mask.keptCount)
      switch recipe.method {
      case .hybrid, .fineOnly, .channels, .dense: return saved
      case .blocks: return saved + (count - kept) * size - 2 * mask.keptTileCount
      case .unstructured: return saved + (count - kept) * size - min((count + 7) / 8, 2 * kept)
      }
    }
  }

  /// The test split is read here for the first time for the pruned model, after every choice.
  private func evaluate(_ session: Session, _ split: Split) throws -> Evaluation {
    let evaluation = try clock.time(.evaluation) {
      try Evaluation.run(
        loader, split: split, batchSize: batchSize, mostPerClass: mostPerClass(split)
      ) {
        try checkCancellation()
        return try session.run(images: $0.images, count: $0.count)
      }
    }
    try checkMeasured(evaluation, split)
    return evaluation
  }

  /// Compares the file, as a stranger would read it, with the masked dense network, on images of the
  /// validation split or, where that is empty, of the training split.
  private func verify(_ model: PackedModel) throws -> Float {
    let session = try Session(model: model, batchCapacity: batchSize, threads: setup.threads)
    var worst: Float = 0
    var scale: Float = 0
    for batch in sample(Self.comparedImages) {
      try checkCancellation()
      let expected = firstScores(
        try network.forward(batch.images, count: batch.count, mode: .inference),
        of: network.classCount, count: loader.classCount)
      // The network itself is no longer one: not the packing is at fault.
      guard expected.allSatisfy(\.isFinite) else { throw TrainingError.diverged(step: stepsDone) }
      let found = try session.run(images: batch.images, count: batch.count)
      for (a, b) in zip(found, expected) {
        worst = max(worst, a.isFinite ? abs(a - b) : .infinity)
        scale = max(scale, abs(b))
      }
    }
    let error = worst / max(scale, .leastNormalMagnitude)
    guard error <= allowedError else {
      throw PruningError.verificationFailed(relativeError: error, allowed: allowedError)
    }
    return error
  }

  /// About so many images of all classes alike, of the validation split or, where that is empty, of
  /// the training split.
  private func sample(_ images: Int) -> BatchSequence {
    let isValidated = loader.counts(.validation).contains { $0 > 0 }
    return loader.sequential(
      isValidated ? .validation : .training, batchSize: min(batchSize, images),
      mostPerClass: max(1, images / loader.classCount))
  }

  private func activationDensities() throws -> [String: Double] {
    var sums: [String: Double] = [:]
    var counted = 0
    // Ordered by class, and a batch of large pictures has few of them.
    for batch in sample(Self.countedImages) where batch.count > 0 {
      try checkCancellation()
      let shares = try network.activationDensities(batch.images, count: batch.count)
      sums.merge(shares.mapValues { $0 * Double(batch.count) }, uniquingKeysWith: +)
      counted += batch.count
      // More classes than that have an image each.
      if counted >= Self.countedImages { break }
    }
    return sums.mapValues { $0 / Double(counted) }
  }

  private func layerReports() -> [PersonalizationReport.Layer] {
    let byName = Dictionary(uniqueKeysWithValues: masks.map { ($0.layer.name, $0) })
    let kept = keptCounts
    return PrunableLayer.layers(of: sliced.description.graph).map { layer in
      let mask = byName[layer.name]
      let treatment = layer.treatment.under(recipe)
      return PersonalizationReport.Layer(
        name: layer.name, treatment: treatment, rows: layer.matrix.rows,
        columns: layer.matrix.columns, kept: kept[layer.name] ?? layer.matrix.count,
        tilesPerBlockRow: treatment.hasTiles ? mask?.tilesPerBlockRow.first ?? 1 : nil,
        tileColumns: treatment.hasTiles ? mask?.grid.blockColumns ?? 1 : nil)
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
struct AccuracyNote: Encodable {
  let restricted: Double
  let denseFineTuned: Double?
  let pruned: Double

  private enum CodingKeys: String, CodingKey {
    case restricted, pruned
    case denseFineTuned = "dense_fine_tuned"
  }
}
