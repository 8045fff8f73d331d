import Datasets
import Foundation
import JobContract
import Logging
import ModelFormats
import Pruning
import ServiceAPI
import Store
import Training

/// One attempt at one job: runs the personalisation, reports its progress, and publishes.
struct JobExecution {
  let store: any CompleteStore
  let library: ModelLibrary
  let job: JobRecord
  let control: JobControl
  let budget: JobBudget
  let estimator: JobEstimator
  let threads: Int
  let metrics: JobMetrics
  /// Its lines carry the job's identifier.
  let logger: Logger
  private let start = ContinuousClock.now

  init(
    store: any CompleteStore, library: ModelLibrary, job: JobRecord, control: JobControl,
    budget: JobBudget, estimator: JobEstimator, threads: Int, metrics: JobMetrics, logger: Logger
  ) {
    self.store = store
    self.library = library
    self.job = job
    self.control = control
    self.budget = budget
    self.estimator = estimator
    self.threads = threads
    self.metrics = metrics
    self.logger = logger
  }

  func run() {
    metrics.started(job)
    do {
      try MemoryAccount.$current.withValue(budget.account) { try publish(try personalize()) }
    } catch {
      end(after: budget.explaining(error))
    }
  }

  private func count(_ outcome: JobMetrics.Outcome, code: String? = nil) {
    metrics.ended(job, outcome, code: code, after: .now - start)
  }

  private func personalize() throws -> (Personalization.Result, Setup) {
    log("started", "attempt \(job.attempt) started")
    logger.info("job started", metadata: ["attempt": .stringConvertible(job.attempt)])
    let setup = try Setup(
      job: job, store: store, library: library, checkCancellation: checkCancellation)
    logLeftOut(setup)
    let personalization = try Personalization(
      universal: setup.universal, universalDigest: setup.baseModel.digest.hex,
      dataset: setup.dataset, profile: setup.specification.profile,
      recipe: setup.specification.recipe, threads: threads)
    let reporter = ProgressReporter(store: store, job: job)
    // With an accuracy floor the run may return to any iteration.
    let keepsAll = setup.specification.recipe.minAccuracy != nil
    let hooks = Personalization.Hooks(
      isCancelled: {
        try budget.check()
        return control.requested != nil
      },
      progress: { try reporter.report($0) },
      checkpoint: { iteration, state in
        try save(state, iteration: iteration, keepsAll: keepsAll)
        try reporter.finished(iteration: iteration)
      },
      earlierCheckpoint: keepsAll
        ? { iteration in
          try store.checkpoint(job.id, iteration: iteration).map { try bytes(of: $0) }
        } : nil)
    let result = try resumed(personalization, hooks: hooks)
    let skipped = setup.dataset.skippedImages
    if let warning = skipped.warningWithoutFolders {
      log(
        "skipped_images", warning, level: .warning,
        data: ["images": .integer(Int64(skipped.total))])
      logger.warning("\(skipped.warning ?? warning)")
    }
    if job.attempt == 1, !keepsAll { learn(from: result) }
    return (result, setup)
  }

  /// What the data set holds beside its images, in counts.
  private func logLeftOut(_ setup: Setup) {
    let leftOut = setup.dataset.leftOut
    if let warning = leftOut.warning {
      log(
        "left_out_files", warning, level: .warning,
        data: Dictionary(
          leftOut.counts.map { ($0.key.rawValue, .integer(Int64($0.value))) },
          uniquingKeysWith: { first, _ in first }))
    }
  }

  /// How fast the run went helps to estimate the next. With an accuracy floor it may have been
  /// shorter than was reckoned with, and a resumed one was.
  private func learn(from result: Personalization.Result) {
    guard let estimate = job.runEstimate else { return }
    let seconds = result.report.seconds.reduce(0) { $1.key == "other" ? $0 : $0 + $1.value }
    do {
      try estimator.learn(estimate, seconds: seconds, baseModel: job.baseModel)
    } catch {
      logger.warning("cannot keep a job's speed", metadata: ["error": "\(error)"])
    }
  }

  private func save(_ state: Data, iteration: Int, keepsAll: Bool) throws {
    func save() throws {
      let blob = try store.put(state)
      try store.saveCheckpoint(
        job.id, attempt: job.attempt, iteration: iteration, blob: blob.digest,
        keepingEarlier: keepsAll)
    }
    // A run that may need the state again waits for room.
    guard !keepsAll else { return try patiently(save) }
    do {
      try save()
    } catch let error as StoreError where error.mayPass {
      // A crash would cost more time; the next iteration may have more luck.
      logger.warning("no checkpoint", metadata: ["error": "\(error)"])
    }
  }

  private func bytes(of checkpoint: CheckpointRecord) throws -> Data {
    let reader = try store.open(checkpoint.blob.digest)
    return try reader.read(offset: 0, length: Int(clamping: reader.size))
  }

  /// Goes on from the last checkpoint; one that cannot be used costs time, not the job.
  private func resumed(_ personalization: Personalization, hooks: Personalization.Hooks) throws
    -> Personalization.Result
  {
    guard let checkpoint = try store.latestCheckpoint(job.id) else {
      return try personalization.run(hooks: hooks)
    }
    let state = try bytes(of: checkpoint)
    do {
      log("resumed", "going on after iteration \(checkpoint.iteration)")
      return try personalization.run(resuming: state, hooks: hooks)
    } catch PruningError.unusableCheckpoint(let reason) {
      log("restarted", "starting over: \(reason)", level: .warning)
      return try personalization.run(hooks: hooks)
    }
  }

  private func publish(_ outcome: (result: Personalization.Result, setup: Setup)) throws {
    let (result, setup) = outcome
    let card = try setup.card(for: result, threads: threads, checkCancellation: checkCancellation)
    // The log first: once the job has succeeded it is closed.
    log(
      "packed", "packed \(result.packed.count) bytes",
      data: [
        "accuracy": .number(card.accuracy.pruned), "sparsity": .number(card.sparsity.global),
        "bytes": .integer(Int64(result.packed.count)),
      ])
    let cardText = try CanonicalJSON.data(card)
    func publish() throws -> ModelRecord {
      let blob = try store.put(result.packed)
      return try store.publish(
        job.id, attempt: job.attempt,
        model: NewModel(blob: blob.digest, labels: result.report.labels, card: cardText))
    }
    let model = try patiently {
      do { return try publish() } catch StoreError.notFound(.blob, _) {
        // A deletion took the same bytes between the two steps.
        return try publish()
      }
    }
    count(.succeeded)
    metrics.published(card)
    logger.info(
      "job succeeded",
      metadata: [
        "model_id": "\(model.id)", "accuracy": .stringConvertible(card.accuracy.pruned),
        "sparsity": .stringConvertible(card.sparsity.global),
      ])
  }

  private func checkCancellation() throws {
    try budget.check()
    if control.requested != nil { throw PruningError.cancelled }
  }

  // MARK: Ends

  private func end(after error: any Error) {
    do {
      switch (control.requested, error) {
      case (.leaseLost, _), (_, StoreError.leaseLost):
        count(.lost)
        logger.warning("another attempt took over")
      case (.stopping, PruningError.cancelled), (.stopping, is StoreError):
        log("released", "the server is stopping; the job goes back to the queue")
        _ = try store.release(job.id, attempt: job.attempt)
        count(.released)
        logger.info("job released")
      case (_, StoreError.jobAbandoned):
        // The store has cancelled it already.
        count(.lost)
        logger.info("job abandoned")
      case (.cancelled, PruningError.cancelled):
        log("cancelled", "cancelled on request")
        _ = try patiently { try store.cancelled(job.id, attempt: job.attempt) }
        count(.cancelled)
        logger.info("job cancelled")
      case (_, let error as StoreError) where error.mayPass:
        log("released", "\(error.description); the job goes back to the queue", level: .warning)
        _ = try patiently { try store.release(job.id, attempt: job.attempt) }
        count(.released)
        logger.warning("job released", metadata: ["error": "\(error)"])
      case (_, is DatasetError) where try MissingData.holds(job.baseModel, in: store):
        // Whoever runs the server learns from its log where they should be.
        log(
          "released", "the data set's files are missing; the job waits until they are back",
          level: .warning)
        _ = try patiently { try store.release(job.id, attempt: job.attempt) }
        count(.released)
        logger.warning("job released", metadata: ["error": "\(error)"])
      default:
        let failure = JobFailure.failure(for: error)
        logger.error(
          "job failed", metadata: ["code": "\(failure.code)", "error": "\(error)"])
        log("failed", failure.message, level: .error)
        let text = try CanonicalJSON.data(failure)
        try patiently { try store.fail(job.id, attempt: job.attempt, error: text) }
        count(.failed, code: failure.code)
      }
    } catch {
      // The lease runs out and another attempt decides.
      logger.error("cannot record a job's end", metadata: ["error": "\(error)"])
    }
  }

  /// Waits for room while the disk is full, but not when the server is stopping.
  private func patiently<Value>(_ body: () throws -> Value) throws -> Value {
    try control.patiently(until: { $0 != .cancelled }) { error in
      logger.warning(
        "waiting to write", metadata: ["error": "\(error)"])
    } _: {
      try body()
    }
  }

  private func log(
    _ type: String, _ message: String, level: EventLevel = .info, data: [String: JSONValue] = [:]
  ) {
    do {
      let event = NewEvent(
        level: level, type: type, message: message, data: try CanonicalJSON.data(data))
      _ = try store.append(event, to: job.id)
    } catch {
      logger.warning("cannot log a job's event", metadata: ["error": "\(error)"])
    }
  }
}
