import ArgumentParser
import Inputs
import PersonalizationService

/// What the process of one job may take, where jobs have processes of their own.
struct ProcessOptions: ParsableArguments {
  @Option(
    help: """
      Megabytes of memory beyond which a job's own process is ended (default: three times the job's \
      estimate and 512).
      """)
  var jobMemory: Int?

  @Option(
    help: """
      Seconds after which a job's own process is ended (default: a minute after the job would end itself).
      """)
  var jobSeconds: Double?

  func validate() throws {
    try InputRange(16...1 << 30).check(jobMemory, "--job-memory", "megabytes")
    try InputRange(1...1_000_000_000).check(jobSeconds, "--job-seconds", "seconds")
  }

  /// The same for the service.
  var isolation: JobIsolation {
    var isolation = JobIsolation()
    isolation.memoryBytes = jobMemory.map { $0 << 20 }
    isolation.seconds = jobSeconds
    return isolation
  }
}
