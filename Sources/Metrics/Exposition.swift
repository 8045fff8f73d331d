/// The Prometheus text format, version 0.0.4
/// (<https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>).
public enum Exposition {
  /// The `Content-Type` of the text.
  public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  /// Families as text. All lines of one name stand together, as the format demands: of two families
  /// with one name only the first is written.
  public static func text(_ families: [MetricFamily]) -> String {
    var names: Set<String> = []
    var text = ""
    for family in families where names.insert(family.name).inserted {
      text += "# HELP \(family.name) \(escaped(family.help, quotes: false))\n"
      text += "# TYPE \(family.name) \(family.kind.rawValue)\n"
      for sample in family.samples {
        text += family.name
        text += sample.suffix
        if !sample.labels.isEmpty {
          let labels = sample.labels.map { "\($0.name)=\"\(escaped($0.value, quotes: true))\"" }
          text += "{\(labels.joined(separator: ","))}"
        }
        text += " \(number(sample.value))\n"
      }
    }
    return text
  }

  /// Backslash and line feed are escaped everywhere, double quotes in label values only. Works on
  /// scalars: Swift takes CR LF for one character, which would hide its line feed.
  private static func escaped(_ text: String, quotes: Bool) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": result.append(contentsOf: "\\\\".unicodeScalars)
      case "\n": result.append(contentsOf: "\\n".unicodeScalars)
      case "\"" where quotes: result.append(contentsOf: "\\\"".unicodeScalars)
      default: result.append(scalar)
      }
    }
    return String(result)
  }

  /// As Go's ParseFloat reads it: `+Inf`, `-Inf` and `NaN` by these names, and whole numbers without
  /// a fraction.
  static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    // Every whole number of this size is exact.
    if let whole = Int64(exactly: value), whole.magnitude < 1 << 53 { return String(whole) }
    return "\(value)"
  }
}
