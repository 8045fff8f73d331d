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

  /// `checkCancellation` is called before each part and, while a data set's files are read, again
  /// and again; what it throws ends the loading.
  init(
    job: JobRecord, store: any CompleteStore, library: ModelLibrary,
    checkCancellation: @escaping () throws -> Void
  ) throws {
    specification = try JobSpecification(profile: job.profile, recipe: job.recipe)
    baseModel = try store.baseModel(job.baseModel).record
    try checkCancellation()
    universal = try library.model(baseModel)
    try checkCancellation()
    dataset = try library.dataset(
      store.dataset(baseModel.dataset).record, checkCancellation: checkCancellation)
  }

  /// The model card of a finished run; measures latency.
  func card(for result: Personalization.Result, threads: Int, checkCancellation: () throws -> Void)
    throws -> ModelCard
  {
    try FinishedRun(
      result, profile: specification.profile,
      baseModel: ModelCard.Source(name: baseModel.name, sha256: baseModel.digest.hex),
      dataset: dataset, threads: threads, generator: ProgramVersion.generator,
      checkCancellation: checkCancellation
    ).card
  }
}
