import HTTPServer
import Metrics
import ServiceAPI
import SparseRuntime
import Store

/// What `/metrics` shows. Labels are routes, statuses, outcomes and base models, of which there are
/// few: never users, jobs or models, of which there is no end.
final class ServiceMetrics: Sendable {
  /// How an attempt at a job ended.
  enum Outcome: String {
    case succeeded, failed, cancelled
    /// Back to the queue, because the server stops.
    case released
    /// Another attempt took over, or nobody waited any more.
    case lost
  }

  let registry = MetricsRegistry()

  private let requests: Counter
  private let latency: Histogram
  private let bodyBytes: Counter
  private let incomplete: Counter
  private let attempts: Counter
  private let failures: Counter
  private let waits: Histogram
  private let attemptSeconds: Histogram
  private let partSeconds: Histogram
  private let accuracy: Histogram
  private let sparsity: Histogram
  private let modelBytes: Histogram

  init() {
    requests = registry.counter(
      "crisp_http_requests_total", "Requests answered.", labels: ["method", "route", "status"])
    latency = registry.histogram(
      "crisp_http_request_duration_seconds",
      "From the complete request to the end of its response.", labels: ["route"],
      bounds: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60])
    bodyBytes = registry.counter(
      "crisp_http_response_body_bytes_total", "Bytes of response bodies sent.", labels: ["route"])
    incomplete = registry.counter(
      "crisp_http_incomplete_responses_total", "Responses that were not sent to their end.",
      labels: ["route"])
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
    registry.collect { ProcessMetrics.families }
    registry.collect { [Self.buildInfo] }
  }

  private static let runBounds: [Double] = [0.1, 0.5, 1, 5, 15, 60, 180, 600, 1800, 7200, 28800]

  // MARK: Requests

  /// Counts an answered request.
  func record(_ exchange: CompletedExchange) {
    let route = exchange.pattern ?? "none"
    requests.add(1, exchange.methodName, route, String(exchange.status.code))
    latency.observe(exchange.duration / .seconds(1), route)
    bodyBytes.add(Double(exchange.bodyBytes), route)
    if !exchange.isComplete { incomplete.add(1, route) }
  }

  // MARK: Jobs

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

  private static var buildInfo: MetricFamily {
    MetricFamily(
      "crisp_build_info", "What runs here.", kind: .gauge,
      samples: [
        MetricFamily.Sample(
          labels: [
            MetricFamily.Label("version", Service.version),
            MetricFamily.Label("kernels", InstructionSet.best.rawValue),
          ], value: 1)
      ])
  }
}
