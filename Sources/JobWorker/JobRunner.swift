import CSystem
import Cores
import Dispatch
import Foundation
import JobContract
import Logging
import Pruning
import Store
import Synchronization
import Training

/// The Dispatch workers that take jobs from the queue, one at a time each, below the API's
/// priority.
package final class JobRunner: Sendable {
  /// How the workers share the machine.
  package struct Configuration: Sendable {
    /// Jobs at once.
    package var workers = 1
    /// Cores a job may use.
    package var threadsPerWorker = 2
    /// Seconds after which a silent worker counts as dead.
    package var lease: TimeInterval = 30
    /// What the machine has that jobs may ask for, see `WorkerLabel`.
    package var labels: [String] = []
    /// How jobs get processes of their own; nil runs them in this one.
    package var isolation: JobIsolation?
    /// What jobs' time is measured by.
    package var clock = JobBudget.monotonic

    /// One worker.
    package init() {}
  }

  private struct State {
    var isStopping = false
    var isMeasuring = false
    /// Base models whose speed could not be measured.
    var unmeasured: Set<String> = []
    /// Data sets whose files were missing when somebody looked last.
    var missing: Set<String> = []
    var running = RunningJobs<JobControl>()
  }

  private let store: any CompleteStore
  private let library: ModelLibrary
  private let estimator: JobEstimator
  private let configuration: Configuration
  private let metrics: JobMetrics
  private let logger: Logger
  private let name: String
  private let wakeUp = DispatchSemaphore(value: 0)
  private let workers = DispatchGroup()
  private let state = Mutex(State())

  /// Workers that have not started.
  package init(
    store: any CompleteStore, library: ModelLibrary, estimator: JobEstimator,
    configuration: Configuration, metrics: JobMetrics, logger: Logger
  ) {
    self.store = store
    self.library = library
    self.estimator = estimator
    self.configuration = configuration
    self.metrics = metrics
    self.logger = logger
    name = "\(ProcessInfo.processInfo.hostName)-\(ProcessInfo.processInfo.processIdentifier)"
  }

  /// Starts the workers.
  package func start() {
    for index in 0..<configuration.workers {
      // A serial queue whose only block lasts as long as the server: the thread beneath it never
      // returns to Dispatch's pool, so lowering its priority disturbs nobody else.
      DispatchQueue(label: "crisp.worker.\(index)").async(group: workers) { [self] in
        if crisp_set_thread_nice(10) != 0 {
          logger.warning("cannot lower a worker's priority: \(String(cString: strerror(errno)))")
        }
        work(as: "\(name)-\(index)")
      }
    }
  }

  /// Tells the workers that there may be a job.
  package func wake() { wakeUp.signal() }

  /// Tells a running job that its cancellation was requested, ahead of its next heartbeat.
  package func cancel(_ id: JobID) {
    for control in state.withLock({ $0.running.controls(of: id) }) { control.request(.cancelled) }
  }

  /// Stops taking jobs and asks running ones to go back to the queue; true when all have.
  package func stop(deadline: DispatchTime) -> Bool {
    let running = state.withLock { state in
      state.isStopping = true
      return state.running.all.map(\.control)
    }
    for control in running { control.request(.stopping) }
    for _ in 0..<configuration.workers { wakeUp.signal() }
    guard workers.wait(timeout: deadline) != .success else { return true }
    // What does not look up from its work in time is taken from it, so that it is no death.
    for (id, attempt, _) in state.withLock({ $0.running.all }) {
      do { _ = try store.release(id, attempt: attempt) } catch {
        logger.warning("cannot release a job", metadata: ["job_id": "\(id)", "error": "\(error)"])
      }
    }
    return false
  }

  /// By how much jobs slow one another at most, where they share cores.
  private var slowdown: Double {
    Double(configuration.workers * configuration.threadsPerWorker)
      / Double(Cores.usable)
  }

  private var isStopping: Bool { state.withLock { $0.isStopping } }

  private func work(as worker: String) {
    var pause = ClaimPause(lease: configuration.lease)
    while !isStopping {
      var hasFailed = false
      do {
        if let job = try claim(as: worker) {
          let seconds = pause.after(givenBack: execute(job, worker: worker))
          if let seconds, !isStopping { _ = wakeUp.wait(timeout: .now() + seconds) }
          continue
        }
        if try measureSpeed() { continue }
      } catch {
        hasFailed = true
        logger.error("cannot claim a job", metadata: ["error": "\(error)"])
      }
      // Nothing to do: until somebody submits, until a dead worker's lease may have run out, or until
      // files that were missing may be back. Of what another server was sent nobody tells: soon, unless
      // the database has just failed.
      let patience = configuration.lease / 3
      let looksSoon = store.isShared && !hasFailed
      _ = wakeUp.wait(timeout: .now() + (looksSoon ? min(1, patience) : patience))
    }
  }

  private func claim(as worker: String) throws -> JobRecord? {
    // Without their bytes jobs would be taken and given back again and again.
    if store.bytesCondition == .unusable { try store.requireBytes() }
    return try store.claim(
      worker: worker, lease: configuration.lease, holding: heldBaseModels(),
      having: configuration.labels)
  }

  /// Takes one job, if there is one, and works on it to its end; on the caller's thread.
  /// - Returns: The job as it is then; nil when there was none.
  /// - Throws: `StoreError`.
  package func runOne() throws -> JobRecord? {
    workers.enter()
    defer { workers.leave() }
    guard !isStopping, let job = try claim(as: "\(name)-0") else { return nil }
    _ = execute(job, worker: "\(name)-0")
    return try store.job(job.id)
  }

  /// Base models whose jobs wait because their data set's files are missing; says when that changes.
  private func heldBaseModels() throws -> [String] {
    let missing = try MissingData.datasets(in: store)
    let names = Set(missing.map(\.name))
    let before = state.withLock { state in
      defer { state.missing = names }
      return state.missing
    }
    for dataset in missing where !before.contains(dataset.name) {
      logger.error(
        "the files of a data set are missing: its jobs wait until they are back",
        metadata: ["dataset": "\(dataset.name)", "path": "\(dataset.path)"])
    }
    for name in before.subtracting(names).sorted() {
      logger.notice("the files of a data set are back", metadata: ["dataset": "\(name)"])
    }
    guard !missing.isEmpty else { return [] }
    return try store.baseModels().map(\.record).filter { names.contains($0.dataset) }.map(\.name)
  }

  /// Measures how fast a base model trains here, for estimates, when nobody knows yet: once for each,
  /// for a second or two, by a worker that has nothing else to do. Returns whether it did.
  private func measureSpeed() throws -> Bool {
    let isFirst = state.withLock { state in
      defer { state.isMeasuring = true }
      return !state.isMeasuring
    }
    guard isFirst else { return false }
    defer { state.withLock { $0.isMeasuring = false } }
    let tried = state.withLock(\.unmeasured)
    let names = try store.baseModels(withoutSpeedOn: estimator.machine)
    guard let name = names.first(where: { !tried.contains($0) }) else { return false }
    state.withLock { _ = $0.unmeasured.insert(name) }
    do {
      let model = try library.model(store.baseModel(name).record)
      let account = MemoryAccount(limit: estimator.limits.memoryBytes)
      let speed = try MemoryAccount.$current.withValue(account) {
        try RunSpeed.measure(model, threads: configuration.threadsPerWorker) {
          if isStopping { throw PruningError.cancelled }
        }
      }
      try store.setSpeed(
        SpeedRecord(unitsPerSecond: speed.unitsPerSecond, jobs: 0), ofBaseModel: name,
        machine: estimator.machine)
    } catch PruningError.cancelled {
      // The server stops.
    } catch {
      logger.warning(
        "cannot measure a base model's speed", metadata: ["name": "\(name)", "error": "\(error)"])
    }
    return true
  }

  /// - Returns: Whether it was given back for something that may pass.
  private func execute(_ job: JobRecord, worker: String) -> Bool {
    let control = JobControl()
    let isStopping = state.withLock { state in
      state.running.add(job.id, attempt: job.attempt, control)
      return state.isStopping
    }
    if isStopping { control.request(.stopping) }
    defer { state.withLock { $0.running.remove(job.id, attempt: job.attempt) } }
    let budget = JobBudget(
      job.runEstimate, slowdown: slowdown, clock: configuration.clock
    ) { [store, configuration, logger] bytes in
      // At once: should the memory end the process, it must be known whose it was.
      do {
        _ = try store.heartbeat(
          job.id, attempt: job.attempt, worker: worker, lease: configuration.lease,
          memory: Int64(bytes))
      } catch {
        logger.warning("cannot note a job's memory", metadata: ["error": "\(error)"])
      }
    }
    let heartbeat = Heartbeat(
      store: store, job: job, worker: worker, lease: configuration.lease, control: control
    ) { budget.peak }
    defer { heartbeat.stop() }
    var logger = logger
    logger[metadataKey: "job_id"] = "\(job.id)"
    return JobExecution(
      store: store, library: library, job: job, control: control, budget: budget,
      estimator: estimator,
      threads: configuration.threadsPerWorker, isolation: configuration.isolation,
      metrics: metrics, logger: logger
    ).run()
  }
}
