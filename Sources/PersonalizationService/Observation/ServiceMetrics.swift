import HTTPServer
import JobContract
import JobWorker
import Metrics
import SparseRuntime

/// What `/metrics` shows. Labels are routes, statuses, outcomes and base models, of which there are
/// few: never users, jobs or models, of which there is no end.
final class ServiceMetrics: Sendable {
  let registry = MetricsRegistry()

  private let requests: Counter
  private let latency: Histogram
  private let bodyBytes: Counter
  private let incomplete: Counter
  /// What the workers count.
  let jobs: JobMetrics

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
    jobs = JobMetrics(registry)
    registry.collect { ProcessMetrics.families }
    registry.collect { [Self.buildInfo] }
  }

  /// Counts an answered request.
  func record(_ exchange: CompletedExchange) {
    let route = exchange.pattern ?? "none"
    requests.add(1, exchange.methodName, route, String(exchange.status.code))
    latency.observe(exchange.duration / .seconds(1), route)
    bodyBytes.add(Double(exchange.bodyBytes), route)
    if !exchange.isComplete { incomplete.add(1, route) }
  }

  private static var buildInfo: MetricFamily {
    MetricFamily(
      "crisp_build_info", "What runs here.", kind: .gauge,
      samples: [
        MetricFamily.Sample(
          labels: [
            MetricFamily.Label("version", ProgramVersion.number),
            MetricFamily.Label("kernels", InstructionSet.best.rawValue),
          ], value: 1)
      ])
  }
}
