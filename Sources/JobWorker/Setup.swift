import Datasets
import Foundation
import JobContract
import ModelCards
import ModelFormats
import Pruning
import ServiceAPI
import Store
import Tailoring

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
    try FinishedRun(
      result, profile: specification.profile,
      baseModel: ModelCard.Source(name: baseModel.name, sha256: baseModel.digest.hex),
      dataset: dataset, threads: threads, generator: ProgramVersion.generator
    ).card
  }
}
