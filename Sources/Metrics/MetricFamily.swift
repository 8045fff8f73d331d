/// One metric and its values at one moment.
public struct MetricFamily: Sendable, Equatable {
  /// What the values mean, as Prometheus distinguishes them.
  public enum Kind: String, Sendable {
    /// Only rises while the process lives.
    case counter
    /// Rises and falls.
    case gauge
    /// Counts of values up to each bound.
    case histogram
  }

  /// One label of a sample.
  public struct Label: Sendable, Equatable {
    /// Letters, digits and underscores.
    public let name: String
    /// Any text.
    public let value: String

    /// A label as given.
    public init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  /// One line of the exposition.
  public struct Sample: Sendable, Equatable {
    /// What follows the family's name, such as `_bucket`.
    public let suffix: String
    /// In the order in which they are written.
    public let labels: [Label]
    /// The value.
    public let value: Double

    /// A sample as given.
    public init(suffix: String = "", labels: [Label] = [], value: Double) {
      self.suffix = suffix
      self.labels = labels
      self.value = value
    }
  }

  /// Letters, digits and underscores.
  public let name: String
  /// One sentence for people.
  public let help: String
  /// The kind.
  public let kind: Kind
  /// The values.
  public let samples: [Sample]

  /// A family as given.
  public init(_ name: String, _ help: String, kind: Kind, samples: [Sample]) {
    self.name = name
    self.help = help
    self.kind = kind
    self.samples = samples
  }

  /// A value without labels.
  public static func value(_ name: String, _ help: String, kind: Kind = .gauge, _ value: Double)
    -> MetricFamily
  {
    MetricFamily(name, help, kind: kind, samples: [Sample(value: value)])
  }
}
