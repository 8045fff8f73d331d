import Synchronization

/// All metrics of a process. Counting takes one short lock; everything else happens when the
/// metrics are asked for.
public final class MetricsRegistry: Sendable {
  private let sources = Mutex<[@Sendable () -> [MetricFamily]]>([])

  /// A registry without metrics.
  public init() {}

  /// A new counter.
  /// - Parameters:
  ///   - name: By convention it ends in `_total`.
  ///   - limit: Series there may be beside the one that takes the rest.
  public func counter(
    _ name: String, _ help: String, labels: [String] = [], limit: Int = 256
  ) -> Counter {
    let counter = Counter(name: name, help: help, labels: labels, limit: limit)
    collect { [counter.family] }
    return counter
  }

  /// A new histogram.
  /// - Parameters:
  ///   - name: By convention it ends in a base unit such as `_seconds`.
  ///   - bounds: The largest value of each bucket; one without a bound is added.
  ///   - limit: Series there may be beside the one that takes the rest.
  public func histogram(
    _ name: String, _ help: String, labels: [String] = [], bounds: [Double], limit: Int = 64
  ) -> Histogram {
    let histogram = Histogram(
      name: name, help: help, labels: labels, bounds: bounds, limit: limit)
    collect { [histogram.family] }
    return histogram
  }

  /// Asks for values at every scrape. A source that cannot tell leaves its families out.
  public func collect(_ source: @escaping @Sendable () -> [MetricFamily]) {
    sources.withLock { $0.append(source) }
  }

  /// All metrics as they are now, in the order in which they were made.
  public var text: String {
    // Outside the lock: a source may take its time.
    let sources = sources.withLock { $0 }
    return Exposition.text(sources.flatMap { $0() })
  }
}
