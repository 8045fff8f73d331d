import Datasets
import Foundation
import ModelCards
import ModelFormats
import Pruning
import ServiceAPI
import Store

/// The work of one attempt at a job, without the store: from what it works with to the packed model and
/// its card.
struct JobRun {
  /// What a run made.
  struct Output {
    let packed: Data
    let labels: [String]
    let card: ModelCard
    /// The card as it is stored.
    let cardText: Data
    /// Where the run's time went, in seconds.
    let seconds: [String: Double]
  }

  let setup: Setup
  let threads: Int
  let host: any RunHost

  /// Runs to the end on the calling thread, from the state after an iteration where there is one. One that
  /// cannot be used costs time, not the job.
  func output(resuming checkpoint: (iteration: Int, state: Data)?) throws -> Output {
    try logLeftOut()
    let personalization = try Personalization(
      universal: setup.universal, universalDigest: setup.base.sha256,
      dataset: setup.dataset, profile: setup.specification.profile,
      recipe: setup.specification.recipe, threads: threads)
    // With an accuracy floor the run may return to any iteration.
    let keepsAll = setup.specification.recipe.minAccuracy != nil
    let hooks = Personalization.Hooks(
      isCancelled: {
        try host.checkEnd()
        return false
      },
      progress: { try host.report($0) },
      checkpoint: { try host.save($1, iteration: $0) },
      earlierCheckpoint: keepsAll ? { try host.earlierState(iteration: $0) } : nil)
    let result = try run(personalization, hooks: hooks, resuming: checkpoint)
    try logSkipped()
    let card = try setup.card(for: result, threads: threads, checkCancellation: host.checkEnd)
    return Output(
      packed: result.packed, labels: result.report.labels, card: card,
      cardText: try CanonicalJSON.data(card), seconds: result.report.seconds)
  }

  private func run(
    _ personalization: Personalization, hooks: Personalization.Hooks,
    resuming checkpoint: (iteration: Int, state: Data)?
  ) throws -> Personalization.Result {
    guard let checkpoint else { return try personalization.run(hooks: hooks) }
    do {
      try host.log(
        "resumed", "going on after iteration \(checkpoint.iteration)", level: .info, data: [:])
      return try personalization.run(resuming: checkpoint.state, hooks: hooks)
    } catch PruningError.unusableCheckpoint(let reason) {
      try host.log("restarted", "starting over: \(reason)", level: .warning, data: [:])
      return try personalization.run(hooks: hooks)
    }
  }

  /// What the data set holds beside its images, in counts.
  private func logLeftOut() throws {
    let leftOut = setup.dataset.leftOut
    guard let warning = leftOut.warning else { return }
    try host.log(
      "left_out_files", warning, level: .warning,
      data: Dictionary(
        leftOut.counts.map { ($0.key.rawValue, .integer(Int64($0.value))) },
        uniquingKeysWith: { first, _ in first }))
  }

  /// Images that could not be read. Where they are is the operator's business.
  private func logSkipped() throws {
    let skipped = setup.dataset.skippedImages
    guard let warning = skipped.warningWithoutFolders else { return }
    try host.log(
      "skipped_images", warning, level: .warning, data: ["images": .integer(Int64(skipped.total))])
    try host.warn("\(skipped.warning ?? warning)")
  }
}
