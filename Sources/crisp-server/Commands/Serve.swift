import ArgumentParser
import Foundation
import Logging
import PersonalizationService
import Training

/// `crisp-server --db FILE`: runs until SIGTERM or SIGINT.
struct Serve: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run the server (the default).",
    discussion: """
      Example: crisp-server --db crisp.sqlite --port 8080

      Prints "listening on http://HOST:PORT" on standard output once it answers (https with \
      --tls-cert); logs go to standard error. SIGTERM finishes responses and puts running jobs \
      back into the queue. SIGHUP reads the certificate and key again.
      """)

  @OptionGroup var database: DatabaseOptions

  @Option(help: "Address to listen on.")
  var host = "127.0.0.1"

  @Option(help: "Port to listen on; 0 picks a free one.")
  var port = 8080

  @OptionGroup var tls: TLSOptions

  @OptionGroup(title: "Connections") var connections: ConnectionOptions

  @Option(help: "Jobs at once; with 0 jobs wait, and everything else is served.")
  var workers = 1

  @Option(help: "Cores a job may use (default: all).")
  var threadsPerWorker: Int?

  @Option(help: "Jobs that may wait in all.")
  var queueLimit = 1000

  @Option(help: "Jobs that may wait for one user.")
  var queueLimitPerUser = 20

  @OptionGroup(title: "Limits of one job") var jobLimits: JobLimitOptions

  @Option(help: "Seconds after which a silent worker counts as dead.")
  var lease: Double = 30

  @Option(help: "Seconds that an event stream may be silent before it sends a sign of life.")
  var eventHeartbeat: Double = 15

  @Option(help: "Seconds between two rounds of tidying up the database.")
  var tidyInterval: Double = 600

  @Option(help: "Hours for which a repeated Idempotency-Key gets its first answer.")
  var keepKeys: Double = 24

  @Option(help: "Days for which a finished job's events are kept.")
  var keepEvents: Double = 30

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

  @Option(help: "How log lines look: text, or json for one object a line.")
  var logFormat = LineLogHandler.Format.text

  @Option(help: "Least severe log level: trace, debug, info, notice, warning, error.")
  var logLevel = Logger.Level.notice

  @Flag(
    help:
      "Require tokens before there are any (default: from the first crisp-server token create on)."
  )
  var requireTokens = false

  @Flag(help: "Listen beyond loopback although nothing protects users from each other.")
  var insecure = false

  func validate() throws {
    guard (0...65535).contains(port) else { throw ValidationError("--port must be 0 to 65535.") }
    guard (0...1024).contains(workers) else {
      throw ValidationError("--workers must be 0 to 1024.")
    }
    var isFolder: ObjCBool = false
    if let devices,
      !FileManager.default.fileExists(atPath: devices, isDirectory: &isFolder)
        || !isFolder.boolValue
    {
      throw ValidationError("--devices: there is no folder '\(devices)'.")
    }
    guard lease >= 1 else { throw ValidationError("--lease must be at least 1 second.") }
    guard (0.1...3600).contains(eventHeartbeat) else {
      throw ValidationError("--event-heartbeat must be 0.1 to 3600 seconds.")
    }
    guard tidyInterval >= 1, tidyInterval <= 86_400 else {
      throw ValidationError("--tidy-interval must be 1 to 86400 seconds.")
    }
    guard (0...24 * 366).contains(keepKeys), (0...36_600).contains(keepEvents) else {
      throw ValidationError("--keep-keys must be 0 to 8784 hours, --keep-events 0 to 36600 days.")
    }
    guard queueLimit > 0, queueLimitPerUser > 0 else {
      throw ValidationError("queue limits must be positive.")
    }
    guard (1...1 << 20).contains(predictionMemory) else {
      throw ValidationError("--prediction-memory must be 1 to 1048576 megabytes.")
    }
    guard predictionsAtOnce ?? 1 > 0, maxPredictionBody > 0 else {
      throw ValidationError("--predictions-at-once and --max-prediction-body must be positive.")
    }
    guard (0...86_400).contains(drainDeadline), (0...86_400).contains(drainDelay) else {
      throw ValidationError("--drain-deadline and --drain-delay must be 0 to 86400 seconds.")
    }
  }

  func run() throws {
    ThreadWaiting.preferSleeping()
    LoggingSystem.bootstrap { [logFormat] _ in LineLogHandler(format: logFormat) }
    var logger = Logger(label: "crisp-server")
    logger.logLevel = logLevel
    var configuration = Service.Configuration(database: database.database)
    configuration.http.host = host
    configuration.http.port = port
    configuration.http.limits = connections.limits
    configuration.tls = tls.files
    configuration.workers = workers
    if let threadsPerWorker { configuration.threadsPerWorker = threadsPerWorker }
    configuration.lease = lease
    configuration.jobLimits = jobLimits.limits
    configuration.eventHeartbeat = .seconds(eventHeartbeat)
    configuration.housekeeping.interval = tidyInterval
    configuration.housekeeping.keyLifetime = keepKeys * 3600
    configuration.housekeeping.logLifetime = keepEvents * 86_400
    configuration.queueLimits.total = queueLimit
    configuration.queueLimits.perUser = queueLimitPerUser
    configuration.predictionMemory = predictionMemory << 20
    if let predictionsAtOnce { configuration.predictionsAtOnce = predictionsAtOnce }
    configuration.predictionBodyLimit = maxPredictionBody
    configuration.devices = devices
    configuration.drainDelay = drainDelay
    configuration.requireTokens = requireTokens
    configuration.insecure = insecure

    // Before anything else runs: a signal during start-up must end the process, later ones drain.
    let stopSignals = StopSignals()
    let service = try Service(configuration, logger: logger)
    let address = try service.start()
    // Without TLS there is nothing to read again, and a closed terminal ends the process as usual.
    let hangUp = tls.files.map { _ in HangUpSignal { service.reloadCertificate() } }
    defer { withExtendedLifetime(hangUp) {} }
    let scheme = tls.files == nil ? "http" : "https"
    let shown = address.host.contains(":") ? "[\(address.host)]" : address.host
    FileHandle.standardOutput.write(
      Data("listening on \(scheme)://\(shown):\(address.port)\n".utf8))
    stopSignals.wait()
    if !service.stop(deadline: drainDeadline) {
      logger.warning("stopped with work left")
      throw ExitCode(1)
    }
  }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}
extension LineLogHandler.Format: ExpressibleByArgument {}
