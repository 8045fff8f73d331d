import Cores
import Digests
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
  /// How the job gets a process of its own; nil runs it in this one.
  let isolation: JobIsolation?
  let metrics: JobMetrics
  /// Its lines carry the job's identifier.
  let logger: Logger
  private let reporter: ProgressReporter
  /// Whether the run may return to any iteration: with an accuracy floor.
  private let keepsAll: Bool
  private let start = ContinuousClock.now

  init(
    store: any CompleteStore, library: ModelLibrary, job: JobRecord, control: JobControl,
    budget: JobBudget, estimator: JobEstimator, threads: Int, isolation: JobIsolation?,
    metrics: JobMetrics, logger: Logger
  ) {
    self.store = store
    self.library = library
    self.job = job
    self.control = control
    self.budget = budget
    self.estimator = estimator
    self.threads = threads
    self.metrics = metrics
    self.isolation = isolation
    self.logger = logger
    reporter = ProgressReporter(store: store, job: job)
    // What cannot be read fails when it is run.
    keepsAll =
      (try? JobSpecification(profile: job.profile, recipe: job.recipe))?.recipe.minAccuracy != nil
  }

  /// - Returns: Whether the job was given back for something that may pass: not to be met again at once.
  func run() -> Bool {
    metrics.started(job)
    do {
      try MemoryAccount.$current.withValue(budget.account) { try publish(try personalize()) }
      return false
    } catch {
      let error = budget.explaining(error)
      end(after: error)
      return PassingFault(error) != nil
    }
  }

  private func count(_ outcome: JobMetrics.Outcome, code: String? = nil) {
    metrics.ended(job, outcome, code: code, after: .now - start)
  }

  private func personalize() throws -> JobRun.Output {
    write("started", "attempt \(job.attempt) started")
    logger.info("job started", metadata: ["attempt": .stringConvertible(job.attempt)])
    let checkpoint = try store.latestCheckpoint(job.id)
    let output: JobRun.Output
    if let isolation {
      output = try personalizeApart(isolation, from: checkpoint)
    } else {
      output = try personalizeHere(from: checkpoint)
    }
    if job.attempt == 1, !keepsAll { learn(from: output) }
    return output
  }

  /// In this process, whose library has data sets in memory: when files are gone while they are read, they
  /// are compared again, and fetched ones are fetched anew.
  private func personalizeHere(from checkpoint: CheckpointRecord?) throws -> JobRun.Output {
    func attempt() throws -> JobRun.Output {
      let setup = try Setup(
        job: job, store: store, library: library, checkCancellation: checkRequests)
      budget.begin()
      return try JobRun(setup: setup, threads: threads, host: self).output(
        resuming: checkpoint.map { (iteration: $0.iteration, state: try bytes(of: $0.blob.digest)) }
      )
    }
    do { return try attempt() } catch let error where IsolatedFailure.saysDamage(error) {
      let dataset = try store.dataset(store.baseModel(job.baseModel).record.dataset).record
      guard dataset.manifest != nil else { throw error }
      logger.warning("reading a data set again", metadata: ["error": "\(error)"])
      library.forgetDataset(dataset.name)
      return try attempt()
    }
  }

  /// In a process of the job's own, which gets all it needs and has no database.
  private func personalizeApart(_ isolation: JobIsolation, from checkpoint: CheckpointRecord?)
    throws -> JobRun.Output
  {
    let baseModel = try store.baseModel(job.baseModel).record
    let memory =
      isolation.memoryBytes ?? budget.allowedBytes.map { $0 + JobIsolation.programBytes }
    let record = try store.dataset(baseModel.dataset).record
    return try library.inputs.withFiles(
      of: record, checkCancellation: checkRequests, isDamage: isDamage
    ) { path, _ in
      budget.begin()
      var dataset = record
      dataset.path = path
      let start = RunMessage.Start(
        profile: job.profile, recipe: job.recipe, baseModel: baseModel.name,
        baseDigest: baseModel.digest.hex,
        dataset: RunMessage.Start.Dataset(dataset),
        threads: threads, estimate: job.estimate, slowdown: budget.slowdown, memoryLimit: memory,
        // Pictures are decoded beside it, on all cores.
        processorSeconds: isolation.seconds.map {
          Int(min($0, 1e9)) * (max(1, threads) + Cores.usable) + 60
        },
        resumes: checkpoint?.iteration)
      return try IsolatedRun(isolation: isolation, host: self, budget: budget, control: control)
        .output(
          start, model: library.inputs.file(baseModel),
          state: checkpoint.map { try bytes(of: $0.blob.digest) })
    }
  }

  private func isDamage(_ error: any Error) -> Bool {
    guard IsolatedFailure.saysDamage(error) else { return false }
    logger.warning(
      "a data set's fetched files are damaged: fetching them anew", metadata: ["error": "\(error)"])
    return true
  }

  /// How fast the run went helps to estimate the next. With an accuracy floor it may have been
  /// shorter than was reckoned with, and a resumed one was.
  private func learn(from output: JobRun.Output) {
    guard let estimate = job.runEstimate else { return }
    let seconds = output.seconds.reduce(0) { $1.key == "other" ? $0 : $0 + $1.value }
    do {
      try estimator.learn(estimate, seconds: seconds, baseModel: job.baseModel)
    } catch {
      logger.warning("cannot keep a job's speed", metadata: ["error": "\(error)"])
    }
  }

  private func bytes(of blob: SHA256Digest) throws -> Data {
    let reader = try store.open(blob)
    return try reader.read(offset: 0, length: Int(clamping: reader.size))
  }

  private func publish(_ output: JobRun.Output) throws {
    let card = output.card
    // The log first: once the job has succeeded it is closed.
    write(
      "packed", "packed \(output.packed.count) bytes",
      data: [
        "accuracy": .number(card.accuracy.pruned), "sparsity": .number(card.sparsity.global),
        "bytes": .integer(Int64(output.packed.count)),
      ])
    func publish() throws -> ModelRecord {
      let blob = try store.put(output.packed)
      return try store.publish(
        job.id, attempt: job.attempt,
        model: NewModel(blob: blob.digest, labels: output.labels, card: output.cardText))
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
        write("released", "the server is stopping; the job goes back to the queue")
        _ = try store.release(job.id, attempt: job.attempt)
        count(.released)
        logger.info("job released")
      case (_, StoreError.jobAbandoned):
        // The store has cancelled it already.
        count(.lost)
        logger.info("job abandoned")
      case (.cancelled, PruningError.cancelled):
        write("cancelled", "cancelled on request")
        _ = try patiently { try store.cancelled(job.id, attempt: job.attempt) }
        count(.cancelled)
        logger.info("job cancelled")
      case (_, let error) where PassingFault(error) != nil:
        let told = PassingFault(error)?.told ?? ""
        write("released", "\(told); the job goes back to the queue", level: .warning)
        _ = try patiently { try store.release(job.id, attempt: job.attempt) }
        count(.released)
        logger.warning("job released", metadata: ["error": "\(error)"])
      case (_, let error)
      where try IsolatedFailure.isOfDataset(error) && MissingData.holds(job.baseModel, in: store):
        // Whoever runs the server learns from its log where they should be.
        write(
          "released", "the data set's files are missing; the job waits until they are back",
          level: .warning)
        _ = try patiently { try store.release(job.id, attempt: job.attempt) }
        count(.released)
        logger.warning("job released", metadata: ["error": "\(error)"])
      case (_, let error as JobError) where error.isDeath:
        write("died", error.description, level: .warning)
        let failure = JobFailure.failure(for: error)
        let text = try CanonicalJSON.data(failure)
        let status = try patiently { try store.died(job.id, attempt: job.attempt, error: text) }
        count(status == .failed ? .failed : .died, code: status == .failed ? failure.code : nil)
        logger.error(
          "a job's process died", metadata: ["error": "\(error)", "status": "\(status.rawValue)"])
      default:
        let failure = JobFailure.failure(for: error)
        logger.error(
          "job failed", metadata: ["code": "\(failure.code)", "error": "\(error)"])
        write("failed", failure.message, level: .error)
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

  private func write(
    _ type: String, _ message: String, level: EventLevel = .info, data: [String: JSONValue] = [:]
  ) {
    // A line that cannot be written is not worth the job.
    do {
      let event = NewEvent(
        level: level, type: type, message: message, data: try CanonicalJSON.data(data))
      _ = try store.append(event, to: job.id)
    } catch {
      logger.warning("cannot log a job's event", metadata: ["error": "\(error)"])
    }
  }
}

extension JobExecution: RunHost {
  func checkEnd() throws {
    try budget.check()
    try checkRequests()
  }

  private func checkRequests() throws {
    if control.requested != nil { throw PruningError.cancelled }
  }

  func report(_ progress: PersonalizationProgress) throws { try reporter.report(progress) }

  func save(_ state: Data, iteration: Int) throws {
    func save() throws {
      let blob = try store.put(state)
      try store.saveCheckpoint(
        job.id, attempt: job.attempt, iteration: iteration, blob: blob.digest,
        keepingEarlier: keepsAll)
    }
    if keepsAll {
      // A run that may need the state again waits for room.
      try patiently(save)
    } else {
      do {
        try save()
      } catch let error as StoreError where error.mayPass {
        // A crash would cost more time; the next iteration may have more luck.
        logger.warning("no checkpoint", metadata: ["error": "\(error)"])
      }
    }
    try reporter.finished(iteration: iteration)
  }

  func earlierState(iteration: Int) throws -> Data? {
    try store.checkpoint(job.id, iteration: iteration).map { try bytes(of: $0.blob.digest) }
  }

  func log(
    _ type: String, _ message: String, level: EventLevel, data: [String: JSONValue]
  ) throws {
    write(type, message, level: level, data: data)
  }

  func warn(_ text: String) { logger.warning("\(text)") }
}
