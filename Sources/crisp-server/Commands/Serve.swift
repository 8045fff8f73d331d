import ArgumentParser
import Flags
import Foundation
import HTTPServer
import Inputs
import Logging
import PersonalizationService

/// `crisp-server --db DATABASE`: runs until SIGTERM or SIGINT.
struct Serve: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run the server (the default).",
    discussion: """
      Example: crisp-server --db crisp.sqlite --port 8080

      Prints "listening on http://HOST:PORT" on standard output once it answers (https with \
      --tls-cert); logs go to standard error. SIGTERM finishes responses and puts running jobs \
      back into the queue. SIGHUP reads the certificate and key again.

      Every flag may also be set by a variable (CRISP_QUEUE_LIMIT for --queue-limit; values of those \
      that may be repeated with commas between) or in the file of --config; crisp-server config shows \
      what holds.
      """)

  @OptionGroup var database: DatabaseOptions

  @OptionGroup(title: "Object store") var objects: ObjectPlaceOptions

  @Flag(
    help: """
      Send clients to the object store for a model's bytes, by an address that holds for five minutes.
      """)
  var redirectDownloads = false

  @Flag(help: "Bring a database of an earlier version up to date without keeping a copy of it.")
  var noBackup = false

  @Option(help: "Address to listen on.")
  var host = "127.0.0.1"

  @Option(help: "Port to listen on; 0 picks a free one.")
  var port = 8080

  @OptionGroup var tls: TLSOptions

  @OptionGroup(title: "Connections") var connections: ConnectionOptions

  @Option(help: "Jobs that run at once; with 0, jobs wait while everything else is served.")
  var workers = 1

  @Option(help: "Cores a job may use (default: all).")
  var threadsPerWorker: Int?

  @Option(help: "Most jobs that may wait in all.")
  var queueLimit = 1000

  @Option(help: "Most jobs of one user that may wait.")
  var queueLimitPerUser = 20

  @Option(help: "Requests for models that one user may send in a minute.")
  var postsPerMinute = 60

  @Option(
    help: "Megabytes that one user's models and jobs may take before the user gets no new job.")
  var userQuota: Int64 = 10 << 10

  @OptionGroup(title: "Limits of one job") var jobLimits: JobLimitOptions

  @Flag(help: "Run each job in a process of its own, so that it ends nothing else when it dies.")
  var isolateJobs = false

  @OptionGroup(title: "Processes of jobs") var process: ProcessOptions

  @Option(help: "Seconds after which a silent worker counts as dead.")
  var lease: Double = 30

  @OptionGroup var labels: LabelOptions

  @Option(help: "Seconds that an event stream may be silent before it sends a sign of life.")
  var eventHeartbeat: Double = 15

  @Option(help: "Seconds between two rounds of tidying up the database.")
  var tidyInterval: Double = 600

  @Option(help: "Hours for which a repeated Idempotency-Key gets its first answer.")
  var keepKeys: Double = 24

  @Option(help: "Days for which a finished job's events are kept.")
  var keepEvents: Double = 30

  @Option(help: "Days for which a finished job without a model is kept.")
  var keepJobs: Double = 90

  @Option(help: "Most finished jobs without a model that are kept; the oldest go first.")
  var maxKeptJobs = 100_000

  @Option(
    help: "Days for which a model is kept that nobody asks for, downloads or predicts with.")
  var keepModels: Double = 365

  @Option(help: "Megabytes that models may take in memory to answer predictions.")
  var predictionMemory = 512

  @Option(help: "Predictions computed at once (default, and at most: one a core).")
  var predictionsAtOnce: Int?

  @Option(help: "Largest picture or tensor to classify in bytes.")
  var maxPredictionBody = 8 << 20

  @Option(
    help: "Folder of device profiles that requests may name: NAME.json, from crisp device.")
  var devices: String?

  @Option(help: "Seconds that stopping may take.")
  var drainDeadline = 20

  @Option(
    help: "Seconds to go on serving after SIGTERM, with 503 at /readyz, before draining begins.")
  var drainDelay = 0

  @OptionGroup var logs: LogOptions

  @Flag(
    help:
      "Require tokens before there are any (default: from the first crisp-server token create on)."
  )
  var requireTokens = false

  @Option(
    help: ArgumentHelp(
      "A name under which a server without tokens answers, besides localhost; may be repeated.",
      valueName: "name"))
  var allowedHost: [String] = []

  @Option(
    help: ArgumentHelp(
      "A site whose pages browsers let use the server, like https://app.example.org; may be repeated.",
      valueName: "origin"))
  var allowOrigin: [String] = []

  @Flag(help: "Listen beyond loopback although nothing protects users from each other.")
  var insecure = false

  func validate() throws {
    try InputRange(0...65535).check(port, "--port")
    try InputRange(0...1024).check(workers, "--workers")
    try InputRange(1...1024).check(threadsPerWorker, "--threads-per-worker")
    guard !redirectDownloads || objects.place.objects != nil else {
      throw ValidationError(
        "--redirect-downloads needs --objects: there is nowhere to send clients.")
    }
    for name in allowedHost where !Service.isHostName(name) {
      throw ValidationError("--allowed-host must be a name or an address without a port.")
    }
    for origin in allowOrigin where !AllowedOrigins.isOrigin(origin) {
      throw ValidationError(
        "--allow-origin must be a site as browsers name it, like https://app.example.org or "
          + "http://localhost:3000; a * would let every page use the server.")
    }
    var isFolder: ObjCBool = false
    if let devices,
      !FileManager.default.fileExists(atPath: devices, isDirectory: &isFolder)
        || !isFolder.boolValue
    {
      throw ValidationError("--devices: there is no folder '\(devices)'.")
    }
    try InputRange(1...3600).check(lease, "--lease", "seconds")
    try InputRange(0.1...3600).check(eventHeartbeat, "--event-heartbeat", "seconds")
    try InputRange(1...86_400).check(tidyInterval, "--tidy-interval", "seconds")
    try InputRange(0...24 * 366).check(keepKeys, "--keep-keys", "hours")
    try InputRange(0...36_600).check(keepEvents, "--keep-events", "days")
    try InputRange(1...1_000_000).check(queueLimit, "--queue-limit")
    try InputRange(1...1_000_000).check(queueLimitPerUser, "--queue-limit-per-user")
    try InputRange(1...1 << 20).check(predictionMemory, "--prediction-memory", "megabytes")
    try InputRange(1...1024).check(predictionsAtOnce, "--predictions-at-once")
    try InputRange(1...1 << 30).check(maxPredictionBody, "--max-prediction-body", "bytes")
    try InputRange(0...86_400).check(drainDeadline, "--drain-deadline", "seconds")
    try InputRange(0...86_400).check(drainDelay, "--drain-delay", "seconds")
    try InputRange(0...36_600).check(keepJobs, "--keep-jobs", "days")
    try InputRange(1...36_600).check(keepModels, "--keep-models", "days")
    try InputRange(0...1_000_000_000).check(maxKeptJobs, "--max-kept-jobs")
    try InputRange(1...1_000_000).check(postsPerMinute, "--posts-per-minute")
    try InputRange(0...1 << 30).check(userQuota, "--user-quota", "megabytes")
    try connections.requireRoom(for: maxPredictionBody, named: "--max-prediction-body")
  }

  func run() throws {
    let manager = ServiceManager()
    let (logger, log) = logs.start()
    let output = LineWriter(descriptor: STDOUT_FILENO) { _ in "" }
    // A reader that does not read does not keep the process.
    defer {
      output.flush(within: 1)
      log.flush(within: 1)
    }
    var configuration = Service.Configuration(database: database.database)
    if let cache = objects.cache {
      configuration.cache = URL(filePath: cache, directoryHint: .isDirectory)
    }
    configuration.objects = try objects.value(cacheIn: configuration.cache)
    configuration.redirectsDownloads = redirectDownloads
    configuration.http.host = host
    configuration.http.port = port
    configuration.http.limits = connections.limits
    configuration.tls = tls.files
    configuration.keepsCopyWhenMigrating = !noBackup
    configuration.workers = workers
    if let threadsPerWorker { configuration.threadsPerWorker = threadsPerWorker }
    configuration.lease = lease
    configuration.labels = labels.label
    configuration.jobLimits = jobLimits.limits
    configuration.isolation = isolateJobs ? process.isolation : nil
    configuration.eventHeartbeat = .seconds(eventHeartbeat)
    configuration.housekeeping.interval = tidyInterval
    configuration.housekeeping.keyLifetime = keepKeys * 3600
    configuration.housekeeping.logLifetime = keepEvents * 86_400
    configuration.housekeeping.jobLifetime = keepJobs * 86_400
    configuration.housekeeping.jobLimit = maxKeptJobs
    configuration.housekeeping.modelLifetime = keepModels * 86_400
    configuration.postsPerMinute = postsPerMinute
    configuration.queueLimits.storedBytes = userQuota << 20
    configuration.queueLimits.total = queueLimit
    configuration.queueLimits.perUser = queueLimitPerUser
    configuration.predictionMemory = predictionMemory << 20
    if let predictionsAtOnce { configuration.predictionsAtOnce = predictionsAtOnce }
    configuration.predictionBodyLimit = maxPredictionBody
    configuration.devices = devices
    configuration.drainDelay = drainDelay
    configuration.requireTokens = requireTokens
    configuration.insecure = insecure
    configuration.allowedHosts = allowedHost
    configuration.http.allowedOrigins = AllowedOrigins(allowOrigin)
    configuration.droppedLogLines = { log.dropped }

    // Before anything else runs: a signal during start-up must end the process, later ones drain.
    let stopSignals = StopSignals()
    let service = try Service(configuration, logger: logger)
    let address = try service.start()
    // Without TLS there is nothing to read again, and a closed terminal ends the process as usual. A
    // service has no terminal: asked to reload, it stays.
    let hasTLS = tls.files != nil
    let hangUp =
      hasTLS || manager.isThere
      ? HangUpSignal { if hasTLS { service.reloadCertificate() } } : nil
    defer { withExtendedLifetime(hangUp) {} }
    let listening = "listening on \(address.url(isTLS: hasTLS))"
    output.write("\(listening)\n")
    manager.ready(listening)
    stopSignals.wait()
    manager.stopping()
    if !service.stop(deadline: drainDeadline) {
      logger.warning("stopped with work left")
      throw ExitCode(1)
    }
  }
}
