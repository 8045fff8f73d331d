import Datasets
import Foundation
import ModelFormats
import Pruning
import ServiceAPI
import Store

/// What a job works with, loaded and checked.
struct Setup {
  let specification: JobSpecification
  let baseModel: BaseModelRecord
  let universal: DenseModel
  let dataset: ImageDataset

  init(job: JobRecord, store: SQLiteStore, library: ModelLibrary) throws {
    specification = try JobSpecification(profile: job.profile, recipe: job.recipe)
    baseModel = try store.baseModel(job.baseModel).record
    universal = try library.model(baseModel)
    dataset = try library.dataset(store.dataset(baseModel.dataset).record)
  }

  /// The model card of a finished run; measures latency.
  func card(for result: Personalization.Result, threads: Int) throws -> ModelCard {
    let report = result.report
    let latency = try LatencyComparison.measure(
      dense: result.denseSliced, packed: PackedModel(data: result.packed))
    let test = report.pruned.test
    let layers = report.layers.map {
      ModelCard.Layer(
        name: $0.name, treatment: $0.treatment.rawValue,
        reason: $0.treatment.reasonToStayDense, shape: [$0.rows, $0.columns], kept: $0.kept,
        sparsity: $0.sparsity, tiles: [$0.tilesPerBlockRow, $0.tileColumns])
    }
    let recipe = try JSONDecoder().decode(
      JSONValue.self, from: CanonicalJSON.data(specification.recipe))
    var card = ModelCard(
      classes: specification.profile.entries.map {
        ProfileResource.Entry(name: $0.name, weight: $0.weight)
      },
      baseModel: ModelCard.Source(name: baseModel.name, sha256: baseModel.digest.hex),
      dataset: ModelCard.Source(name: dataset.name, sha256: try dataset.digest.hex),
      accuracy: ModelCard.Accuracy(
        universalRestricted: report.references.restricted.test.accuracy,
        denseFineTuned: report.references.denseFineTuned.test.accuracy, pruned: test.accuracy,
        perClass: Dictionary(
          zip(report.labels, test.perClass), uniquingKeysWith: { first, _ in first }),
        testImages: test.counts.reduce(0, +)),
      sparsity: ModelCard.Sparsity(
        global: report.globalSparsity, model: report.modelSparsity, layers: layers),
      bytes: ModelCard.Cost(dense: report.denseBytes, packed: report.packedBytes),
      multiplyAccumulates: ModelCard.Cost(
        dense: report.denseMultiplyAccumulates, packed: report.keptMultiplyAccumulates),
      latency: ModelCard.Latency(
        denseMilliseconds: latency.dense, sparseMilliseconds: latency.sparse,
        batch: latency.batch, threads: latency.threads, processor: latency.processor),
      recipe: recipe, seed: specification.recipe.seed, threads: threads,
      verificationError: Double(report.verificationError), generator: Service.generator,
      iterations: report.iterations.map {
        ModelCard.Iteration(
          iteration: $0.iteration, sparsity: $0.sparsity,
          validationAccuracy: $0.validationAccuracy)
      })
    card.charts = CardCharts.charts(of: card)
    return card
  }
}
