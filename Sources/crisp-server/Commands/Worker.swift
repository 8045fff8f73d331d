import ArgumentParser
import Flags
import Foundation
import HTTPServer
import Inputs
import Logging
import PersonalizationService
import Synchronization

/// `crisp-server worker --db postgresql://…`: runs jobs until SIGTERM or SIGINT.
struct Worker: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run jobs of a database that servers share, without the API.",
    discussion: """
      Example: crisp-server worker --db postgresql://crisp@db.example.org/crisp

      Any number of workers and of servers (with --workers 0, or with some of their own) may share a \
      PostgreSQL database. Prints "listening on http://HOST:PORT" on standard output once it works; \
      /healthz, /readyz and /metrics answer there. SIGTERM puts running jobs back into the queue.
      """)

  @OptionGroup var database: DatabaseOptions

  @OptionGroup(title: "Object store") var objects: ObjectPlaceOptions

  @Flag(
    help: """
      Take one job, and end with it: 0 it made a model or was cancelled, 10 there was none, 11 it failed, \
      12 it went back to the queue.
      """)
  var oneJob = false

  @Option(help: "Address to listen on.")
  var host = "127.0.0.1"

  @Option(help: "Port to listen on; 0 picks a free one.")
  var port = 8081

  @Option(help: "Jobs that run at once.")
  var workers = 1

  @Option(help: "Cores a job may use (default: all).")
  var threadsPerWorker: Int?

  @Option(help: "Seconds after which a silent worker counts as dead.")
  var lease: Double = 30

  @OptionGroup var labels: LabelOptions

  @Flag(help: "Run jobs in the worker's own process, which one of them may then end.")
  var noIsolateJobs = false

  @OptionGroup(title: "Processes of jobs") var process: ProcessOptions

  @Option(help: "Seconds that stopping may take.")
  var drainDeadline = 20

  @OptionGroup var logs: LogOptions

  func validate() throws {
    try InputRange(0...65535).check(port, "--port")
    try InputRange(1...1024).check(workers, "--workers")
    try InputRange(1...1024).check(threadsPerWorker, "--threads-per-worker")
    try InputRange(1...3600).check(lease, "--lease", "seconds")
    try InputRange(0...86_400).check(drainDeadline, "--drain-deadline", "seconds")
  }

  func run() throws {
    let manager = ServiceManager()
    let output = LineWriter(descriptor: STDOUT_FILENO) { _ in "" }
    let log = logs.start()
    // A reader that does not read does not keep the process.
    defer {
      output.flush(within: 1)
      log.writer.flush(within: 1)
    }
    var configuration = WorkerService.Configuration(database: database.database)
    configuration.objects = try objects.value(cacheIn: Service.Configuration.cacheFolder)
    configuration.http.host = host
    configuration.http.port = port
    configuration.workers = workers
    if let threadsPerWorker { configuration.threadsPerWorker = threadsPerWorker }
    configuration.lease = lease
    configuration.labels = labels.label
    configuration.isolation = noIsolateJobs ? nil : process.isolation
    // Before anything else runs: a signal during start-up must end the process, later ones drain.
    let stopSignals = StopSignals()
    let service = try WorkerService(configuration, logger: log.logger)
    let outcome = Mutex<Result<WorkerService.OneJob, any Error>?>(nil)
    let address =
      oneJob
      ? try service.startOne { [end = stopSignals.end] result in
        outcome.withLock { $0 = result }
        end()
      } : try service.start()
    let listening = "listening on \(address.url(isTLS: false))"
    output.write("\(listening)\n")
    manager.ready(listening)
    stopSignals.wait()
    manager.stopping()
    if !service.stop(deadline: drainDeadline) {
      log.logger.warning("stopped with work left")
      throw ExitCode(1)
    }
    guard oneJob else { return }
    // A job that was to stop has told of itself by now.
    let end = try outcome.withLock { try $0?.get() } ?? .givenBack
    log.logger.notice("ended with one job", metadata: ["outcome": "\(end)"])
    guard end != .done else { return }
    throw ExitCode(Self.code(of: end))
  }

  /// The exit codes of `--one-job`. Those below 10 and from 64 on are the shell's, the parser's and Swift's.
  private static func code(of end: WorkerService.OneJob) -> Int32 {
    switch end {
    case .done: 0
    case .nothingToDo: 10
    case .failed: 11
    case .givenBack: 12
    }
  }
}
