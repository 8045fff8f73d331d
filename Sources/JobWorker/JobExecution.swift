import Foundation
import Logging
import ModelFormats
import Pruning
import ServiceAPI
import Store

/// One attempt at one job: runs the personalisation, reports its progress, and publishes.
struct JobExecution {
  let store: SQLiteStore
  let library: ModelLibrary
  let job: JobRecord
  let control: JobControl
  let threads: Int
  let metrics: JobMetrics
  /// Its lines carry the job's identifier.
  let logger: Logger
  private let start = ContinuousClock.now

  init(
    store: SQLiteStore, library: ModelLibrary, job: JobRecord, control: JobControl, threads: Int,
    metrics: JobMetrics, logger: Logger
  ) {
    self.store = store
    self.library = library
    self.job = job
    self.control = control
    self.threads = threads
    self.metrics = metrics
    self.logger = logger
  }

  func run() {
    metrics.started(job)
    do {
      try publish(try personalize())
    } catch {
      end(after: error)
    }
  }

  private func count(_ outcome: JobMetrics.Outcome, code: String? = nil) {
    metrics.ended(job, outcome, code: code, after: .now - start)
  }

  private func personalize() throws -> (Personalization.Result, Setup) {
    log("started", "attempt \(job.attempt) started")
    logger.info("job started", metadata: ["attempt": .stringConvertible(job.attempt)])
    let setup = try Setup(job: job, store: store, library: library)
    let personalization = try Personalization(
      universal: setup.universal, universalDigest: setup.baseModel.digest.hex,
      dataset: setup.dataset, profile: setup.specification.profile,
      recipe: setup.specification.recipe, threads: threads)
    let reporter = ProgressReporter(store: store, job: job)
    let hooks = Personalization.Hooks(
      isCancelled: { control.requested != nil },
      progress: { try reporter.report($0) },
      checkpoint: { iteration, state in
        do {
          let blob = try store.put(state)
          try store.saveCheckpoint(
            job.id, attempt: job.attempt, iteration: iteration, blob: blob.digest)
        } catch let error as StoreError where error.mayPass {
          // A crash would cost more time; the next iteration may have more luck.
          logger.warning(
            "no checkpoint", metadata: ["error": "\(error)"])
        }
        try reporter.finished(iteration: iteration)
      })
    let result = try resumed(personalization, hooks: hooks)
    let skipped = setup.dataset.skippedImages
    if let warning = skipped.warning {
      log(
        "skipped_images", warning, level: .warning,
        data: ["images": .integer(Int64(skipped.total))])
      logger.warning("\(warning)")
    }
    return (result, setup)
  }

  /// Goes on from the last checkpoint; one that cannot be used costs time, not the job.
  private func resumed(_ personalization: Personalization, hooks: Personalization.Hooks) throws
    -> Personalization.Result
  {
    guard let checkpoint = try store.latestCheckpoint(job.id) else {
      return try personalization.run(hooks: hooks)
    }
    let reader = try store.open(checkpoint.blob.digest)
    let state = try reader.read(offset: 0, length: Int(reader.size))
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
    let card = try setup.card(for: result, threads: threads)
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
