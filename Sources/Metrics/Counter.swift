import Synchronization

/// Sums that only rise.
public final class Counter: Sendable {
  private let name: String
  private let help: String
  private let table: Mutex<SeriesTable<Double>>

  init(name: String, help: String, labels: [String], limit: Int) {
    self.name = name
    self.help = help
    table = Mutex(SeriesTable(labels: labels, limit: limit, initial: 0))
  }

  /// Adds to the series of these label values, which stand in the order of the labels. What is not
  /// positive is ignored.
  public func add(_ amount: Double = 1, _ labels: String...) {
    guard amount > 0 else { return }
    table.withLock { $0.update(labels) { $0 += amount } }
  }

  var family: MetricFamily {
    let series = table.withLock { $0.series }
    return MetricFamily(
      name, help, kind: .counter,
      samples: series.map { MetricFamily.Sample(labels: $0.labels, value: $0.value) })
  }
}
