import Synchronization

/// How many values lie below each of some bounds, and their sum.
public final class Histogram: Sendable {
  private struct Value: Sendable {
    /// Values within each bound but above the one before; the last are above all bounds.
    var counts: [UInt64]
    var sum = 0.0
  }

  private let name: String
  private let help: String
  private let bounds: [Double]
  private let table: Mutex<SeriesTable<Value>>

  init(name: String, help: String, labels: [String], bounds: [Double], limit: Int) {
    self.name = name
    self.help = help
    self.bounds = bounds.sorted()
    let empty = Value(counts: Array(repeating: 0, count: bounds.count + 1))
    table = Mutex(SeriesTable(labels: labels, limit: limit, initial: empty))
  }

  /// Counts a value in the series of these label values, which stand in the order of the labels.
  public func observe(_ value: Double, _ labels: String...) {
    guard !value.isNaN else { return }
    let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
    table.withLock { table in
      table.update(labels) {
        $0.counts[bucket] += 1
        $0.sum += value
      }
    }
  }

  var family: MetricFamily {
    let series = table.withLock { $0.series }
    return MetricFamily(
      name, help, kind: .histogram,
      samples: series.flatMap { labels, value -> [MetricFamily.Sample] in
        var total: UInt64 = 0
        // The format counts up: a bucket holds what the smaller ones hold, too.
        let buckets = zip(bounds + [.infinity], value.counts).map { bound, count in
          total += count
          return MetricFamily.Sample(
            suffix: "_bucket",
            labels: labels + [MetricFamily.Label("le", Exposition.number(bound))],
            value: Double(total))
        }
        return buckets + [
          MetricFamily.Sample(suffix: "_sum", labels: labels, value: value.sum),
          MetricFamily.Sample(suffix: "_count", labels: labels, value: Double(total)),
        ]
      })
  }
}
