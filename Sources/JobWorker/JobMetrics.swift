import Metrics
import ModelCards
import ServiceAPI
import Store

/// What the workers count. Labels are outcomes, codes and base models, of which there are few.
package final class JobMetrics: Sendable {
  /// How an attempt at a job ended.
  enum Outcome: String {
    case succeeded, failed, cancelled
    /// Back to the queue, because the server stops.
    case released
    /// Its own process died, and it is tried again.
    case died
    /// Another attempt took over, or nobody waited any more.
    case lost
  }

  private let attempts: Counter
  private let failures: Counter
  private let waits: Histogram
  private let attemptSeconds: Histogram
  private let partSeconds: Histogram
  private let accuracy: Histogram
  private let sparsity: Histogram
  private let modelBytes: Histogram

  /// Adds the workers' metrics to a registry.
  package init(_ registry: MetricsRegistry) {
    attempts = registry.counter(
      "crisp_job_attempts_total", "Attempts at jobs that ended in this process.",
      labels: ["base_model", "outcome"])
    failures = registry.counter(
      "crisp_job_failures_total", "Failed jobs by the code of their error.", labels: ["code"])
    waits = registry.histogram(
      "crisp_job_wait_seconds", "From a job's request to its first attempt.",
      bounds: [0.1, 1, 5, 15, 60, 300, 900, 3600, 14400, 86400])
    attemptSeconds = registry.histogram(
      "crisp_job_attempt_duration_seconds", "Duration of attempts.", labels: ["outcome"],
      bounds: Self.runBounds)
    partSeconds = registry.histogram(
      "crisp_job_stage_duration_seconds",
      "Where the time of successful attempts went, by kind of work.", labels: ["stage"],
      bounds: Self.runBounds)
    accuracy = registry.histogram(
      "crisp_model_accuracy_ratio",
      "Test accuracy of finished models, and of the universal model on the same classes.",
      labels: ["base_model", "network"],
      bounds: [0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.925, 0.95, 0.97, 0.98, 0.99, 0.995, 1])
    sparsity = registry.histogram(
      "crisp_model_sparsity_ratio", "Zeros per prunable weight of finished models.",
      labels: ["base_model"],
      bounds: [0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.925, 0.95, 0.97, 0.98, 0.99, 1])
    modelBytes = registry.histogram(
      "crisp_model_size_bytes", "Packed size of finished models.", labels: ["base_model"],
      bounds: (4...10).map { Double(1 << (3 * $0)) })
  }

  private static let runBounds: [Double] = [0.1, 0.5, 1, 5, 15, 60, 180, 600, 1800, 7200, 28800]

  /// Counts the beginning of an attempt.
  func started(_ job: JobRecord) {
    guard job.attempt == 1, let start = job.startedAt else { return }
    waits.observe(max(0, start.timeIntervalSince(job.createdAt)))
  }

  /// Counts the end of an attempt.
  func ended(_ job: JobRecord, _ outcome: Outcome, code: String? = nil, after duration: Duration) {
    attempts.add(1, job.baseModel, outcome.rawValue)
    attemptSeconds.observe(duration / .seconds(1), outcome.rawValue)
    if let code { failures.add(1, code) }
  }

  /// Counts a published model.
  func published(_ card: ModelCard) {
    let base = card.baseModel.name
    accuracy.observe(card.accuracy.pruned, base, "pruned")
    accuracy.observe(card.accuracy.universalRestricted, base, "universal")
    sparsity.observe(card.sparsity.global, base)
    modelBytes.observe(Double(card.bytes.packed), base)
    for (part, seconds) in card.seconds ?? [:] { partSeconds.observe(seconds, part) }
  }
}
