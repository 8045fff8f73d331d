import ControlPlane
import Cores
import Dispatch
import Foundation
import HTTPServer
import JobContract
import JobWorker
import Logging
import Metrics
import Store

/// The workers alone, on a database that servers share: they claim, run and publish jobs, and nobody asks
/// them for anything but whether they are well and what they count.
public final class WorkerService: Sendable {
  /// Everything an operator can set.
  public struct Configuration: Sendable {
    /// The address of the PostgreSQL database.
    public var database: String
    /// Where bytes are that are not in it.
    public var objects: ObjectPlace?
    /// Where to tell how it is: `/healthz`, `/readyz`, `/metrics`.
    public var http = ServerConfiguration(host: "127.0.0.1", port: 8081)
    /// Jobs that run at once.
    public var workers = 1
    /// Cores a job may use; never more than there are.
    public var threadsPerWorker = Cores.usable
    /// Seconds after which a silent worker counts as dead.
    public var lease: TimeInterval = 30
    /// What this machine has besides what its processor says of itself, for jobs that ask for it; each as
    /// ``Service/isWorkerLabel(_:)`` has it.
    public var labels: [String] = []
    /// How jobs get processes of their own; nil runs them in this one.
    public var isolation: JobIsolation? = JobIsolation()

    /// The defaults for a database.
    public init(database: String) { self.database = database }
  }

  private let store: any CompleteStore
  private let runner: JobRunner
  private let server: HTTPServer
  private let logger: Logger
  private let workers: Int
  private let labels: [String]

  /// Opens the database, whose schema stays as it is. Throws `StoreError` or `ServiceError`.
  public init(_ configuration: Configuration, logger: Logger) throws {
    self.logger = logger
    guard case .server(let uri) = DatabaseAddress(configuration.database) else {
      throw StoreError.badAddress(
        address: configuration.database,
        reason: "a file is one server's alone, which runs its jobs itself")
    }
    store = try DatabaseAddress.openToServe(
      uri: uri, objects: configuration.objects, logger: logger)
    store.onCondition { condition in
      switch condition {
      case .writable: logger.notice("the database can be written again")
      case .full: logger.error("no space is left for the database")
      case .replaced, .unreachable: logger.error("the database does not answer")
      }
    }
    var jobs = JobRunner.Configuration()
    jobs.workers = max(1, configuration.workers)
    jobs.threadsPerWorker = Cores.threads(configuration.threadsPerWorker)
    jobs.lease = configuration.lease
    jobs.isolation = configuration.isolation
    jobs.labels = Service.labels(with: configuration.labels)
    workers = jobs.workers
    labels = jobs.labels
    let metrics = ServiceMetrics()
    runner = JobRunner(
      store: store,
      library: ModelLibrary(
        store: store, cache: try configuration.objects.map { try FetchedInputs($0) }),
      estimator: JobEstimator(
        store: store, threads: jobs.threadsPerWorker,
        limits: Service.Configuration.JobLimits().limits(workers: jobs.workers)),
      configuration: jobs, metrics: metrics.jobs, logger: logger)
    var router = Router()
    router.on(.get, "/healthz", isImmediate: true) { _, _ in .text(.ok, "ok\n") }
    router.on(.get, "/readyz") { [store] _, _ in
      let isPaused: Bool
      let lost: String
      do {
        try store.requireDatabase()
        try store.requireBytes()
        isPaused = try store.queuePaused() != nil
        lost = try MissingData.note(ofDefaultBaseModelIn: store)
      } catch let error as StoreError {
        // The log has the address.
        logger.warning("not ready", metadata: ["error": "\(error)"])
        if case .bytesUnavailable = error { throw Problems.objectStoreUnavailable }
        throw ProblemDetails(
          .serviceUnavailable, code: error.code, detail: "the database (--db) cannot be used",
          retryAfter: 5)
      }
      let paused = isPaused ? ", but the queue is paused" : ""
      return .text(.ok, "ready\(paused)\(Problems.note(of: store.bytesCondition))\(lost)\n")
    }
    router.on(.get, "/metrics") { [registry = metrics.registry] _, _ in
      .text(.ok, registry.text, type: Exposition.contentType)
    }
    server = HTTPServer(configuration: configuration.http, router: router, logger: logger) {
      metrics.record($0)
    }
    metrics.watch(server)
    metrics.watch(store)
  }

  /// Starts listening and working; returns the address. Throws `ServerError`.
  public func start() throws -> BoundAddress {
    let address = try listen()
    runner.start()
    return address
  }

  /// What became of the one job of ``startOne(_:)``.
  public enum OneJob: Sendable {
    /// It made a model, or was cancelled on request.
    case done
    /// There was none to take.
    case nothingToDo
    /// It failed, which is written down: another attempt would fail too.
    case failed
    /// It is in the queue again, for another attempt.
    case givenBack
  }

  /// Starts listening, takes one job if there is one, and tells what became of it.
  public func startOne(_ end: @escaping @Sendable (Result<OneJob, any Error>) -> Void) throws
    -> BoundAddress
  {
    let address = try listen()
    // A thread of its own: it works on the job.
    Thread.detachNewThread { [runner] in
      end(
        Result {
          switch try runner.runOne()?.status {
          case nil: .nothingToDo
          case .succeeded, .cancelled: .done
          case .failed: .failed
          case .queued, .running: .givenBack
          }
        })
    }
    return address
  }

  private func listen() throws -> BoundAddress {
    let address = try server.start()
    logger.notice(
      "started",
      metadata: [
        "version": "\(Service.version)", "database": "\(store.address)",
        "schema": "\(store.schemaVersion)", "workers": "\(workers)",
        "labels": "\(labels.joined(separator: ","))",
      ])
    return address
  }

  /// Stops gracefully: running jobs go back to the queue with their last checkpoint. Returns whether all
  /// of it ended within the deadline.
  public func stop(deadline seconds: Int) -> Bool {
    logger.notice("stopping")
    let isDone = runner.stop(deadline: .now() + .seconds(seconds))
    let isDrained = server.drain(deadline: .seconds(1))
    do { try store.close() } catch {
      logger.warning("cannot close the database", metadata: ["error": "\(error)"])
    }
    return isDone && isDrained
  }
}
