import ControlPlane
import Cores
import Datasets
import Dispatch
import Foundation
import HTTPServer
import JobContract
import JobWorker
import Logging
import ModelFormats
import SparseRuntime
import Store
import Synchronization
import Training
import WebPage

/// The whole server: store, workers and API behind one start and one stop.
public final class Service: Sendable {
  /// Everything an operator can set.
  public struct Configuration: Sendable {
    /// The database file; made when it does not exist.
    public var database: String
    /// Where bytes are that are not in the database, which then is a PostgreSQL server's.
    public var objects: ObjectPlace?
    /// Whether clients fetch models from the object store itself, by an address that holds for minutes.
    public var redirectsDownloads = false
    /// Whether a database of an earlier version is kept as it was, beside it, when it is migrated.
    public var keepsCopyWhenMigrating = true
    /// Where to listen, limits, connection counts.
    public var http = ServerConfiguration(host: "127.0.0.1", port: 8080)
    /// Certificate and key to listen with; nil listens without TLS.
    public var tls: TLSFiles? {
      get { http.tls }
      set { http.tls = newValue }
    }
    /// Jobs that run at once; with 0, jobs wait while everything else is served.
    public var workers = 1
    /// Cores a job may use; never more than there are.
    public var threadsPerWorker = Cores.usable
    /// Seconds after which a silent worker counts as dead.
    public var lease: TimeInterval = 30
    /// What this machine has besides what its processor says of itself, for jobs that ask for it; each as
    /// ``Service/isWorkerLabel(_:)`` has it.
    public var labels: [String] = []
    /// How long an event stream may be silent before a sign of life is sent.
    public var eventHeartbeat: Duration = .seconds(15)
    /// What one job may be expected to cost.
    public var jobLimits = JobLimits()
    /// How jobs get processes of their own; nil runs them in this one.
    public var isolation: JobIsolation?
    /// What jobs' time is measured by.
    package var jobClock: @Sendable () -> Duration = JobBudget.monotonic
    /// How long things are kept.
    public var housekeeping = Housekeeping()
    /// Jobs that may wait, in all and for one user, and bytes that may be kept for one user.
    public var queueLimits = QueueLimits(total: 1000, perUser: 20, storedBytes: 10 << 30)
    /// Requests for models that one user may send a minute.
    public var postsPerMinute = 60
    /// Bytes that models and their sessions may take to answer predictions.
    public var predictionMemory = 512 << 20
    /// Predictions decoded or computed at once; never more than there are cores.
    public var predictionsAtOnce = Cores.usable
    /// Most bytes of a picture or tensor to classify.
    public var predictionBodyLimit = 8 << 20
    /// Where measurements of this machine are kept; nil keeps them in memory.
    public var cache = cacheFolder
    /// A folder of other devices' profiles, NAME.json each, which requests may name.
    public var devices: String?
    /// The folder of Fashion-MNIST, on which the embedded base model was trained. Where it is missing,
    /// a new database starts without a base model.
    public var defaultDataset = DatasetCatalog.fashionMNIST.path
    /// Seconds for which a server that is to stop still accepts connections, with 503 at `/readyz`, so
    /// that load balancers turn away from it first.
    public var drainDelay = 0
    /// Whether every request needs a token even before the first one is made. Without this, a
    /// server whose database has no active token runs open.
    public var requireTokens = false
    /// Whether to listen beyond loopback although nothing protects users from each other.
    public var insecure = false

    /// Names, and addresses, under which the server answers as long as it has no tokens, besides
    /// loopback ones and `http.host`. Without ports; case does not matter.
    public var allowedHosts: [String] = []
    /// Lines that the log has lost so far, for the metrics.
    public var droppedLogLines: @Sendable () -> Int = { 0 }

    /// The folder of what can be measured or fetched again, as the environment says.
    public static var cacheFolder: URL? {
      CostCache.directory(environment: ProcessInfo.processInfo.environment)
    }

    /// How long what nobody needs is kept.
    public struct Housekeeping: Sendable {
      /// Seconds between two rounds of tidying up.
      public var interval: TimeInterval = 600
      /// Seconds for which a blob that nothing refers to is kept.
      public var grace: TimeInterval = 3600
      /// Seconds for which a repeated request gets its first answer.
      public var keyLifetime: TimeInterval = 86_400
      /// Seconds for which the events of a finished job are kept.
      public var logLifetime: TimeInterval = 30 * 86_400
      /// Seconds for which a finished job without a model is kept.
      public var jobLifetime: TimeInterval = 90 * 86_400
      /// Finished jobs without a model that are kept at most; the oldest go first.
      public var jobLimit = 100_000
      /// Seconds for which a model is kept that nobody asks for, downloads or predicts with.
      public var modelLifetime: TimeInterval = 365 * 86_400
      /// Seconds between two searches for bytes in the object store that belong to nobody.
      public var orphanInterval: TimeInterval = 86_400
    }

    /// How this server is measured; nil measures it.
    package var measure: ServerDevice.Measure?
    /// How long a request waits for such a measurement.
    package var measurementPatience: Duration = .seconds(20)
    /// Called on every thread that is about to read or write the database.
    package var onStoreAccess: (@Sendable () -> Void)?

    /// The defaults for a database.
    public init(database: String) { self.database = database }
  }

  /// Name and version, as models and answers state them.
  public static let generator = ProgramVersion.generator
  /// The version.
  public static let version = ProgramVersion.number

  /// Every route and who may call it.
  package let rules: [RouteRule]

  private let database: ServedDatabase
  private var store: any CompleteStore { database.store }
  private let housekeeping: Housekeeping
  private let runner: JobRunner
  /// Where slow work is done.
  package let lanes: Lanes
  private let server: HTTPServer
  private let logger: Logger
  private let readiness = Readiness()
  private let gate: Gate
  private let workers: Int
  private let labels: [String]
  private let drainDelay: Int
  private let delayIsOver = DispatchSemaphore(value: 0)

  /// Opens the database and registers the embedded default on an empty one. Throws `StoreError`,
  /// `DatasetError` or `ServiceError`.
  public init(_ configuration: Configuration, logger: Logger) throws {
    let host = configuration.http.host
    let isExposed = !configuration.insecure && !HostRule.isLoopback(host)
    guard !isExposed || configuration.tls != nil else {
      throw ServiceError.exposedWithoutProtection(host: host)
    }
    self.logger = logger
    drainDelay = configuration.drainDelay
    database = try ServedDatabase(configuration, logger: logger)
    let store = database.store
    store.onCondition { Self.log($0, to: logger) }
    let tokenUses = Uses<TokenID>()
    gate = Gate(
      store: store, hosts: HostRule(listeningOn: host, allowed: configuration.allowedHosts),
      uses: tokenUses, requireTokens: configuration.requireTokens)
    guard try !isExposed || gate.isClosed else {
      throw ServiceError.exposedWithoutTokens(host: host)
    }
    let cache = try configuration.objects.map { try FetchedInputs($0) }
    try Registration(store: store, cache: cache).addEmbeddedDefault(
      from: configuration.defaultDataset, logger: logger)
    let library = ModelLibrary(store: store, cache: cache)
    var jobs = JobRunner.Configuration()
    jobs.clock = configuration.jobClock
    jobs.isolation = configuration.isolation
    jobs.workers = max(0, configuration.workers)
    jobs.threadsPerWorker = Cores.threads(configuration.threadsPerWorker)
    jobs.lease = configuration.lease
    jobs.labels = Self.labels(with: configuration.labels)
    workers = jobs.workers
    labels = jobs.labels
    Self.logCuts(configuration, to: logger)
    let metrics = ServiceMetrics()
    let estimator = JobEstimator(
      store: store, threads: jobs.threadsPerWorker,
      limits: configuration.jobLimits.limits(workers: jobs.workers))
    runner = JobRunner(
      store: store, library: library, estimator: estimator, configuration: jobs,
      metrics: metrics.jobs,
      logger: logger)
    lanes = Lanes(predictionsAtOnce: configuration.predictionsAtOnce)
    let memory = configuration.predictionMemory
    let predictions = SessionCache(memory: memory) { [store] id in
      // The record is read again: its model may have been deleted since the request found it.
      let blob = try store.model(id).blob
      // Before its bytes are in memory.
      guard blob.size <= memory else {
        throw ControlPlaneError.modelExceedsMemory(bytes: Int(blob.size), limit: memory)
      }
      let reader = try store.open(blob.digest)
      return SessionCache.Loaded(
        try PackedModel(data: reader.read(offset: 0, length: Int(reader.size))),
        bytes: Int(reader.size))
    }
    let uses = Uses<ModelID>()
    housekeeping = Housekeeping(
      store: store, configuration: configuration.housekeeping, uses: uses,
      tokenUses: tokenUses, predictions: predictions, logger: logger)
    let api = API(
      store: store, gate: gate, library: library, runner: runner,
      estimator: estimator,
      hub: JobHub(store: store, logger: logger), heartbeat: configuration.eventHeartbeat,
      housekeeping: housekeeping, lanes: lanes,
      predictions: predictions, converter: ModelConverter(store: store), uses: uses,
      rates: PostRates(limit: max(1, configuration.postsPerMinute)),
      ownDevice: ServerDevice(
        directory: configuration.cache, patience: configuration.measurementPatience,
        measure: configuration.measure),
      devices: DeviceFolder(configuration.devices),
      limits: configuration.queueLimits, bodyLimit: configuration.http.limits.body,
      predictionBodyLimit: configuration.predictionBodyLimit,
      redirectsDownloads: configuration.redirectsDownloads, metrics: metrics.registry,
      readiness: readiness, logger: logger)
    var routes = api.routes()
    api.addPageRoutes(to: &routes)
    rules = routes.rules
    server = HTTPServer(configuration: configuration.http, router: routes.router, logger: logger) {
      exchange in
      metrics.record(exchange)
      RequestLog.write(exchange, to: logger)
    }
    metrics.watch(server)
    metrics.watch(store)
    metrics.watch(predictions)
    metrics.watch(lanes)
    metrics.watch(droppedLogLines: configuration.droppedLogLines)
  }

  /// Starts listening, makes jobs of a server that died claimable again, and starts working;
  /// returns the address. Throws `ServerError` or `StoreError`.
  public func start() throws -> BoundAddress {
    // First: a second server started by mistake fails here, and must not take the first one's jobs.
    let address = try server.start()
    try announceStart()
    try beginWork()
    housekeeping.start()
    return address
  }

  /// One line that says what an operator asks first when something is odd.
  private func announceStart() throws {
    let access = try gate.isClosed ? "closed" : "open"
    logger.notice(
      "started",
      metadata: [
        "version": "\(Self.version)", "database": "\(store.address)",
        "schema": "\(store.schemaVersion)", "workers": "\(workers)",
        "kernels": "\(InstructionSet.best)", "access": "\(access)",
        "labels": "\(labels.joined(separator: ","))",
      ])
  }

  /// Starts working, on a full disk as soon as there is room: until the jobs of a server that died have
  /// been given back nobody may take any.
  private func beginWork() throws {
    do {
      // Where others work on the database too, what they hold is theirs until its lease runs out.
      for id in try store.isShared ? [] : store.recoverAll() {
        logger.notice("job of a dead server goes back to the queue", metadata: ["job_id": "\(id)"])
      }
      runner.start()
    } catch let error as StoreError where error.mayPass {
      DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(2)) { [weak self] in
        guard let self, !self.readiness.isStopping else { return }
        do { try self.beginWork() } catch {
          self.logger.error("cannot start working", metadata: ["error": "\(error)"])
        }
      }
    }
  }

  /// Says what was asked for and cannot be had.
  private static func logCuts(_ configuration: Configuration, to logger: Logger) {
    for (name, asked) in [
      ("threads per worker", configuration.threadsPerWorker),
      ("predictions at once", configuration.predictionsAtOnce),
    ] where asked > Cores.usable {
      logger.notice(
        "more \(name) were asked for than this process may use cores",
        metadata: ["asked": "\(asked)", "used": "\(Cores.usable)"])
    }
  }

  private static func log(_ condition: WriteCondition, to logger: Logger) {
    switch condition {
    case .writable: logger.notice("the database can be written again")
    case .full:
      logger.error("no space is left for the database: it is read only until there is room")
    case .replaced:
      logger.error(
        "the database file was moved or replaced while the server has it open: nothing is written until it is back"
      )
    case .unreachable: logger.error("the database does not answer")
    }
  }

  /// Answers `/readyz` with 503 from now on, and everything else as before.
  package func announceStop() { readiness.beginStopping() }

  /// Ends the delay before draining, or leaves it out.
  package func skipDrainDelay() { delayIsOver.signal() }

  /// Reads the certificate and key again, for new connections. What cannot be used is logged and
  /// leaves everything as it was.
  public func reloadCertificate() {
    do throws(ServerError) {
      try server.reloadCertificate()
      logger.notice("the certificate was read again")
    } catch {
      logger.error(
        "the certificate in use is kept", metadata: ["code": "\(error.code)", "error": "\(error)"])
    }
  }

  /// Stops gracefully: no new connections, responses under way are finished, running jobs go back
  /// to the queue with their last checkpoint. Returns whether all of it ended within the deadline.
  @discardableResult
  public func stop(deadline seconds: Int) -> Bool {
    logger.notice("stopping")
    announceStop()
    if delayIsOver.wait(timeout: .now() + .seconds(drainDelay)) == .success {
      // Once over, always over.
      delayIsOver.signal()
    }
    let end = DispatchTime.now() + .seconds(seconds)
    let released = DispatchGroup()
    let isReleased = Mutex(false)
    DispatchQueue.global().async(group: released) { [runner] in
      let isDone = runner.stop(deadline: end)
      isReleased.withLock { $0 = isDone }
    }
    let drained = server.drain(deadline: .seconds(seconds))
    let stopped =
      released.wait(timeout: end + .seconds(1)) == .success && isReleased.withLock { $0 }
    // Nobody waits for any of it now.
    let isIdle = lanes.stop(deadline: .seconds(1))
    housekeeping.stop(deadline: end)
    do {
      try database.close()
    } catch {
      // Then the lock stays until the process ends: what still uses the file must be alone with it.
      logger.warning("cannot close the database", metadata: ["error": "\(error)"])
    }
    return drained && stopped && isIdle
  }

  /// What a process does that was started for one job (``JobIsolation``); its exit status.
  public static func runIsolatedJob(parent: Int32) -> Int32 { IsolatedJob.run(parent: parent) }

  /// Whether a text can be one of ``Configuration/labels``: 1 to 63 of `a` to `z`, `0` to `9`, `.`, `_`, `-`.
  public static func isWorkerLabel(_ text: String) -> Bool { WorkerLabel.isName(text) }

  /// Everything that jobs may ask of this machine's workers: what the processor has and what the operator says.
  static func labels(with given: [String]) -> [String] {
    WorkerLabel.sorted(ProcessorLabels.all + given)
  }

  /// Whether a text can be one of ``Configuration/allowedHosts``.
  public static func isHostName(_ text: String) -> Bool { HostRule.isName(text) }
}

/// How jobs get processes of their own.
public typealias JobIsolation = JobWorker.JobIsolation

// The rooms do not know each other.
extension JobRunner: JobDispatch {}
extension ModelLibrary: UniversalModels {}
extension Housekeeping: RemainsEraser {}
