import CSystem
import Datasets
import Digests
import Foundation
import Glibc
import JobContract
import ModelCards
import ModelFormats
import Pruning
import ServiceAPI
import Store
import Synchronization
import Training

/// What the process of one job does: it works, and says to its worker how it goes. It has no database.
package enum IsolatedJob {
  /// Runs the job that comes by standard input, which goes both ways; the process's exit status.
  /// - Parameter parent: The process that started it. When that ends, so does this one.
  package static func run(parent: Int32) -> Int32 {
    guard crisp_die_with(parent) == 0 else { return 1 }
    // The worker decides when the job ends, not who stops the service.
    for number in [SIGTERM, SIGINT, SIGHUP, SIGPIPE] { signal(number, SIG_IGN) }
    // A machine without memory shall end a job rather than a server (proc(5)); no core of users' data.
    try? Data("500".utf8).write(to: URL(fileURLWithPath: "/proc/self/oom_score_adj"))
    limit(RLIMIT_CORE, to: 0)
    let channel = RunChannel(dup(STDIN_FILENO))
    do {
      guard let message = try channel.receive(), message.kind == .start else { return 1 }
      let start: RunMessage.Start = try message.read()
      applyLimits(of: start)
      let state = try start.resumes.map { iteration in
        guard let state = try channel.receive(), state.kind == .state else {
          throw RunChannel.Broken()
        }
        return (iteration: iteration, state: state.body)
      }
      let host = ChannelHost(
        channel,
        budget: JobBudget(
          start.estimate.flatMap { try? JSONDecoder().decode(RunEstimate.self, from: $0) },
          slowdown: start.slowdown,
          onExcess: { bytes in try? channel.send(.saying(.memory, bytes)) }))
      host.listen()
      do {
        let output = try MemoryAccount.$current.withValue(host.budget.account) {
          try work(start, model: message.body, state: state, host: host)
        }
        try channel.send(
          .saying(
            .result,
            RunMessage.Output(
              labels: output.labels, card: output.cardText, seconds: output.seconds),
            body: output.packed))
      } catch {
        try channel.send(.saying(.failure, failure(for: host.budget.explaining(error))))
      }
      return 0
    } catch {
      // The worker has gone, or says what this program does not understand.
      return 1
    }
  }

  private static func work(
    _ start: RunMessage.Start, model: Data, state: (iteration: Int, state: Data)?,
    host: ChannelHost
  ) throws -> JobRun.Output {
    let specification = try JobSpecification(profile: start.profile, recipe: start.recipe)
    let universal = try DenseModel(data: model)
    try host.checkEnd()
    let record = try start.dataset.record
    let dataset = try record.load()
    _ = try record.verify(dataset) { try host.checkEnd() }
    return try JobRun(
      setup: Setup(
        specification: specification,
        base: ModelCard.Source(name: start.baseModel, sha256: start.baseDigest),
        universal: universal, dataset: dataset), threads: start.threads, host: host
    ).output(resuming: state)
  }

  private static func failure(for error: any Error) -> RunMessage.Failure {
    let failure = JobFailure.failure(for: error)
    let kind: RunMessage.Failure.Kind =
      switch error {
      case PruningError.cancelled: .cancelled
      case is DatasetError: .dataset
      default: .other
      }
    return RunMessage.Failure(
      kind: kind, code: failure.code, message: failure.message, param: failure.param,
      isDamage: IsolatedFailure.saysDamage(error), detail: "\(error)")
  }

  /// The kernel's limits are a fence behind those that the worker watches, for what is too quick for it:
  /// addresses are reserved long before they are used, so there are many more of them.
  private static func applyLimits(of start: RunMessage.Start) {
    if let seconds = start.processorSeconds { limit(RLIMIT_CPU, to: seconds) }
    guard let bytes = start.memoryLimit,
      let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8),
      let pages = text.split(separator: " ").first.flatMap({ Int($0) })
    else { return }
    let (used, overflows) = pages.multipliedReportingOverflow(by: sysconf(Int32(_SC_PAGESIZE)))
    let (sum, exceeds) = used.addingReportingOverflow(bytes)
    // A thread reserves a stack and an arena of malloc's, and as many decode pictures.
    let (most, isTooLarge) = sum.addingReportingOverflow(
      (4 << 30) + min(max(1, start.threads), 1024) * 2 * (160 << 20))
    if !overflows, !exceeds, !isTooLarge { limit(RLIMIT_AS, to: most) }
  }

  private static func limit(_ resource: __rlimit_resource, to most: Int) {
    var limit = rlimit(rlim_cur: rlim_t(max(0, most)), rlim_max: rlim_t(max(0, most)))
    _ = setrlimit(__rlimit_resource_t(resource.rawValue), &limit)
  }
}

extension RunMessage.Start.Dataset {
  init(_ record: DatasetRecord) {
    self.init(
      name: record.name, path: record.path, format: record.format, digest: record.digest.hex,
      classes: record.classes, fingerprint: record.fingerprint?.hex)
  }

  /// The same as a record.
  fileprivate var record: DatasetRecord {
    get throws {
      try DatasetRecord(
        name: name, path: path, format: format, digest: SHA256Digest(hex: digest),
        classes: classes, counts: Data("{}".utf8),
        fingerprint: fingerprint.map { try SHA256Digest(hex: $0) })
    }
  }
}
