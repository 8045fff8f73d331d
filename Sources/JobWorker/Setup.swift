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
  /// The base model's name and digest.
  let base: ModelCard.Source
  let universal: DenseModel
  let dataset: ImageDataset

  /// `checkCancellation` is called before each part and, while a data set's files are read, again
  /// and again; what it throws ends the loading.
  init(
    job: JobRecord, store: any CompleteStore, library: ModelLibrary,
    checkCancellation: @escaping () throws -> Void
  ) throws {
    let baseModel = try store.baseModel(job.baseModel).record
    try checkCancellation()
    let universal = try library.model(baseModel)
    try checkCancellation()
    self.init(
      specification: try JobSpecification(profile: job.profile, recipe: job.recipe),
      base: ModelCard.Source(name: baseModel.name, sha256: baseModel.digest.hex),
      universal: universal,
      dataset: try library.dataset(
        store.dataset(baseModel.dataset).record, checkCancellation: checkCancellation))
  }

  /// All of it as given.
  init(
    specification: JobSpecification, base: ModelCard.Source, universal: DenseModel,
    dataset: ImageDataset
  ) {
    self.specification = specification
    self.base = base
    self.universal = universal
    self.dataset = dataset
  }

  /// The model card of a finished run; measures latency.
  func card(for result: Personalization.Result, threads: Int, checkCancellation: () throws -> Void)
    throws -> ModelCard
  {
    try FinishedRun(
      result, profile: specification.profile, baseModel: base,
      dataset: dataset, threads: threads, generator: ProgramVersion.generator,
      checkCancellation: checkCancellation
    ).card
  }
}
