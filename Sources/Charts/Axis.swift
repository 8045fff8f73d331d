import Foundation

/// What an axis shows.
public struct Axis: Sendable, Hashable {
  /// How values become positions.
  public enum Scale: Sendable, Hashable {
    /// In proportion.
    case linear
    /// Equal factors take equal room; values must be positive.
    case logarithmic
    /// Names at equal distances; the value of a point is the name's position, from 0.
    case categories([String])
  }

  /// How numbers are written.
  public enum Format: Sendable, Hashable {
    /// As they are.
    case plain
    /// Shares as percentages.
    case percent
    /// Differences, with their sign.
    case signed
  }

  /// What the values are, with the unit.
  public var label: String
  /// How values become positions.
  public var scale: Scale
  /// How numbers are written.
  public var format: Format
  /// The values that get a tick and a number; nil takes round ones.
  public var ticks: [Double]?

  /// An axis as given.
  public init(
    _ label: String, scale: Scale = .linear, format: Format = .plain, ticks: [Double]? = nil
  ) {
    self.label = label
    self.scale = scale
    self.format = format
    self.ticks = ticks
  }

  /// Beyond this a value is an accident, and sums of them would overflow.
  private static let largest = 1e12

  /// Whether a value has a place on this axis.
  func canShow(_ value: Double) -> Bool {
    guard value.magnitude <= Self.largest else { return false }  // false for NaN too
    switch scale {
    case .linear: return true
    case .logarithmic: return value >= 1 / Self.largest
    case .categories(let names): return value >= 0 && value <= Double(names.count - 1)
    }
  }

  /// The number as people read it, for values that `canShow` admits; `step` decides the decimals, nil
  /// shows up to two.
  func text(_ value: Double, step: Double? = nil) -> String {
    if case .categories(let names) = scale {
      let index = Int(value.rounded())
      return names.indices.contains(index) ? names[index] : ""
    }
    let factor = format == .percent ? 100.0 : 1
    let shown = value * factor
    var digits = 2
    if let step {
      digits = max(0, Int((-log10(max(step * factor, 1e-9)) - 1e-9).rounded(.up)))
    }
    var text = String(format: "%.\(digits)f", shown.magnitude)
    if step == nil, text.contains(".") {
      while text.hasSuffix("0") { text.removeLast() }
      if text.hasSuffix(".") { text.removeLast() }
    }
    let isZero = !text.contains { $0 != "0" && $0 != "." }
    let sign = isZero ? "" : shown < 0 ? "\u{2212}" : format == .signed ? "+" : ""
    return sign + text + (format == .percent ? " %" : "")
  }
}

/// An axis laid over pixels: the range it covers, its ticks, and where each value lies.
package struct PlacedAxis {
  let axis: Axis
  /// Pixels of the least and the greatest value.
  let start: Double
  let end: Double
  /// The range, in logarithms where the scale is one.
  private let low: Double
  private let high: Double
  package let ticks: [Double]
  private let step: Double?

  /// Covers `values`; a range `extended` to round numbers begins and ends with a tick.
  package init(_ axis: Axis, values: [Double], start: Double, end: Double, extended: Bool) {
    self.axis = axis
    self.start = start
    self.end = end
    let given = (axis.ticks ?? []).filter(axis.canShow)
    let all = values.filter(axis.canShow) + given
    switch axis.scale {
    case .categories(let names):
      low = 0
      high = Double(max(0, names.count - 1))
      ticks = names.indices.map(Double.init)
      step = nil
    case .logarithmic:
      let logs = all.map { log10($0) }
      let range = (logs.min() ?? 0)...(logs.max() ?? 1)
      low = range.lowerBound
      high = range.upperBound
      step = nil
      let round = Self.decades(range).filter { range.contains(log10($0)) }
      ticks = axis.ticks != nil ? given : round.isEmpty ? all : round
    case .linear:
      let least = all.min() ?? 0
      let most = all.max() ?? 1
      let span = most - least
      // One value alone still gets an axis around it.
      let margin = span > 0 ? 0 : max(least.magnitude * 0.1, axis.format == .percent ? 0.01 : 1)
      let size = Self.roundStep((span > 0 ? span : 2 * margin) / 5)
      let first = ((least - margin) / size + 1e-9).rounded(.down)
      let last = ((most + margin) / size - 1e-9).rounded(.up)
      step = size
      if extended {
        low = first * size
        high = last * size
      } else {
        low = least - margin
        high = most + margin
      }
      let (lower, upper) = (low - size * 1e-6, high + size * 1e-6)
      let round = stride(from: first, through: min(last, first + 100), by: 1).map { $0 * size }
        .filter { $0 >= lower && $0 <= upper }
      ticks = axis.ticks != nil ? given : round
    }
  }

  /// The pixel of a value that `canShow` admits; one value alone lies in the middle.
  package func position(_ value: Double) -> Double {
    let scaled = axis.scale == .logarithmic ? log10(value) : value
    guard high > low else { return (start + end) / 2 }
    return start + (scaled - low) / (high - low) * (end - start)
  }

  /// A tick's text. Ticks that were given keep the decimals they have.
  package func text(_ tick: Double) -> String {
    axis.text(tick, step: axis.ticks == nil ? step : nil)
  }

  /// 1, 2 or 5 times a power of ten, at least `size`.
  static func roundStep(_ size: Double) -> Double {
    guard size > 0, size.isFinite else { return 1 }
    let power = pow(10, log10(size).rounded(.down))
    for factor in [1.0, 2, 5] where power * factor >= size * (1 - 1e-9) { return power * factor }
    return power * 10
  }

  /// 1, 2 and 5 times powers of ten within a range of logarithms.
  private static func decades(_ logarithms: ClosedRange<Double>) -> [Double] {
    (Int(logarithms.lowerBound.rounded(.down))...Int(logarithms.upperBound.rounded(.up))).flatMap {
      power in
      [1.0, 2, 5].map { $0 * pow(10, Double(power)) }
    }
  }
}
