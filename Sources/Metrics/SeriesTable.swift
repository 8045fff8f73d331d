/// The values of one metric by their labels' values. Their number is bounded: what would be one more
/// goes to a series whose labels all are `other`, so that no input can make memory or scrapes grow.
struct SeriesTable<Value: Sendable>: Sendable {
  /// What every label of the series beyond the bound is called.
  static var overflow: String { "other" }

  private let labels: [String]
  private let limit: Int
  private let initial: Value
  private(set) var values: [[String]: Value] = [:]

  /// A table that holds its only series from the start when there are no labels: a counter that
  /// shows 0 can be told from one that does not exist.
  init(labels: [String], limit: Int, initial: Value) {
    self.labels = labels
    self.limit = limit
    self.initial = initial
    if labels.isEmpty { values[[]] = initial }
  }

  mutating func update(_ labels: [String], _ change: (inout Value) -> Void) {
    var key = labels
    if values[key] == nil, values.count >= limit {
      key = self.labels.map { _ in Self.overflow }
    }
    var value = values[key] ?? initial
    change(&value)
    values[key] = value
  }

  /// The series in a stable order, with names for their labels' values.
  var series: [(labels: [MetricFamily.Label], value: Value)] {
    values.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { key, value in
      (zip(labels, key).map { MetricFamily.Label($0, $1) }, value)
    }
  }
}
