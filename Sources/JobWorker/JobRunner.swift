import CSystem
import Dispatch
import Foundation
import Logging
import Store
import Synchronization

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

    /// One worker.
    package init() {}
  }

  private struct State {
    var isStopping = false
    var running = RunningJobs<JobControl>()
  }

  private let store: SQLiteStore
  private let library: ModelLibrary
  private let configuration: Configuration
  private let metrics: JobMetrics
  private let logger: Logger
  private let name: String
  private let wakeUp = DispatchSemaphore(value: 0)
  private let workers = DispatchGroup()
  private let state = Mutex(State())

  /// Workers that have not started.
  package init(
    store: SQLiteStore, library: ModelLibrary, configuration: Configuration,
    metrics: JobMetrics, logger: Logger
  ) {
    self.store = store
    self.library = library
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

  private var isStopping: Bool { state.withLock { $0.isStopping } }

  private func work(as worker: String) {
    while !isStopping {
      do {
        if let job = try store.claim(worker: worker, lease: configuration.lease) {
          execute(job, worker: worker)
          continue
        }
      } catch {
        logger.error("cannot claim a job", metadata: ["error": "\(error)"])
      }
      // Nothing to do: until somebody submits, or until a dead worker's lease may have run out.
      _ = wakeUp.wait(timeout: .now() + configuration.lease / 3)
    }
  }

  private func execute(_ job: JobRecord, worker: String) {
    let control = JobControl()
    let isStopping = state.withLock { state in
      state.running.add(job.id, attempt: job.attempt, control)
      return state.isStopping
    }
    if isStopping { control.request(.stopping) }
    defer { state.withLock { $0.running.remove(job.id, attempt: job.attempt) } }
    let heartbeat = Heartbeat(
      store: store, job: job, worker: worker, lease: configuration.lease, control: control)
    defer { heartbeat.stop() }
    var logger = logger
    logger[metadataKey: "job_id"] = "\(job.id)"
    JobExecution(
      store: store, library: library, job: job, control: control,
      threads: configuration.threadsPerWorker, metrics: metrics, logger: logger
    ).run()
  }
}
