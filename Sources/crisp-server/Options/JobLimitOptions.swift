import ArgumentParser
import PersonalizationService

/// What one job may be expected to cost: what is estimated higher is refused.
struct JobLimitOptions: ParsableArguments {
  @Option(help: "Updates that a job may take.")
  var maxJobSteps = Service.Configuration.JobLimits().steps

  @Option(help: "Seconds that a job may take.")
  var maxJobSeconds = Service.Configuration.JobLimits().seconds

  @Option(
    help:
      "Megabytes of memory that a job may take (default: three quarters of what is free at the start, divided by the number of workers)."
  )
  var maxJobMemory: Int?

  @Option(help: "Megabytes of checkpoints and packed model that a job may store.")
  var maxJobDisk = Service.Configuration.JobLimits().diskBytes >> 20

  func validate() throws {
    guard (1...1_000_000_000_000).contains(maxJobSteps) else {
      throw ValidationError("--max-job-steps must be 1 to 1000000000000.")
    }
    guard (1...1_000_000_000).contains(maxJobSeconds) else {
      throw ValidationError("--max-job-seconds must be 1 to 1000000000.")
    }
    let megabytes = 1...1 << 30
    guard maxJobMemory.map(megabytes.contains) ?? true else {
      throw ValidationError("--max-job-memory must be 1 to \(megabytes.upperBound) megabytes.")
    }
    guard megabytes.contains(maxJobDisk) else {
      throw ValidationError("--max-job-disk must be 1 to \(megabytes.upperBound) megabytes.")
    }
  }

  /// The limits in bytes.
  var limits: Service.Configuration.JobLimits {
    var limits = Service.Configuration.JobLimits()
    limits.steps = maxJobSteps
    limits.seconds = maxJobSeconds
    limits.memoryBytes = maxJobMemory.map { $0 << 20 }
    limits.diskBytes = maxJobDisk << 20
    return limits
  }
}
