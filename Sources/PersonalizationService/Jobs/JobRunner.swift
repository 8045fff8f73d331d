import CSystem
import Dispatch
import Foundation
import Logging
import Store
import Synchronization

/// The Dispatch workers that take jobs from the queue, one at a time each, below the API's
/// priority.
final class JobRunner: Sendable {
  /// How the workers share the machine.
  struct Configuration: Sendable {
    /// Jobs at once.
    var workers = 1
    /// Cores a job may use.
    var threadsPerWorker = 2
    /// Seconds after which a silent worker counts as dead.
    var lease: TimeInterval = 30
  }

  private struct State {
    var isStopping = false
    var running: [JobID: JobControl] = [:]
  }

  private let store: SQLiteStore
  private let library: ModelLibrary
  private let configuration: Configuration
  private let metrics: ServiceMetrics
  private let logger: Logger
  private let name: String
  private let wakeUp = DispatchSemaphore(value: 0)
  private let workers = DispatchGroup()
  private let state = Mutex(State())

  init(
    store: SQLiteStore, library: ModelLibrary, configuration: Configuration,
    metrics: ServiceMetrics, logger: Logger
  ) {
    self.store = store
    self.library = library
    self.configuration = configuration
    self.metrics = metrics
    self.logger = logger
    name = "\(ProcessInfo.processInfo.hostName)-\(ProcessInfo.processInfo.processIdentifier)"
  }

  func start() {
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
  func wake() { wakeUp.signal() }

  /// Tells a running job that its cancellation was requested, ahead of its next heartbeat.
  func cancel(_ id: JobID) {
    state.withLock { $0.running[id] }?.request(.cancelled)
  }

  /// Stops taking jobs and asks running ones to go back to the queue; true when all have.
  func stop(deadline: DispatchTime) -> Bool {
    let running = state.withLock { state in
      state.isStopping = true
      return Array(state.running.values)
    }
    for control in running { control.request(.stopping) }
    for _ in 0..<configuration.workers { wakeUp.signal() }
    return workers.wait(timeout: deadline) == .success
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
      state.running[job.id] = control
      return state.isStopping
    }
    if isStopping { control.request(.stopping) }
    if job.isCancelRequested { control.request(.cancelled) }
    defer { _ = state.withLock { $0.running.removeValue(forKey: job.id) } }
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

/// Why a running job shall end before it is done. The first reason stands.
final class JobControl: Sendable {
  enum Reason: Sendable {
    case cancelled
    case stopping
    /// Another attempt works on the job: this one must write nothing more.
    case leaseLost
  }

  private let reason = Mutex<Reason?>(nil)

  var requested: Reason? { reason.withLock { $0 } }

  func request(_ new: Reason) {
    reason.withLock { if $0 == nil || new == .leaseLost { $0 = new } }
  }
}
