import Charts
import Foundation
import ServiceAPI

/// Accuracy against sparsity over the iterations of one run, small enough for a telephone. It has no
/// colours: those are the page's, by day and by night.
struct SparsityChart {
  private static let width = 340.0
  private static let height = 190.0

  private let points: [(sparsity: Double, accuracy: Double)]
  private let horizontal: PlacedAxis
  private let vertical: PlacedAxis

  /// Nil when there is no course to draw.
  init?(_ iterations: [ModelCard.Iteration]) {
    points = iterations.map { ($0.sparsity, $0.validationAccuracy) }
      .filter { (0...1).contains($0.0) && (0...1).contains($0.1) }
    guard points.count > 1 else { return nil }
    horizontal = PlacedAxis(
      Axis("sparsity", format: .percent), values: points.map(\.sparsity), start: 52,
      end: Self.width - 22, extended: true)
    vertical = PlacedAxis(
      Axis("accuracy", format: .percent), values: points.map(\.accuracy),
      start: Self.height - 40, end: 26, extended: true)
  }

  var html: HTML {
    let marks = points.map {
      (x: horizontal.position($0.sparsity), y: vertical.position($0.accuracy))
    }
    let line = marks.map { "\(Self.number($0.x)),\(Self.number($0.y))" }.joined(separator: " ")
    return """
      <svg class="chart" viewBox="0 0 \(Self.number(Self.width)) \(Self.number(Self.height))" \
      role="img" aria-label="\(summary)">
      <text x="6" y="14" class="axis">validation accuracy</text>
      \(vertical.ticks.map(row))\(horizontal.ticks.map(column))
      <text x="\(Self.number(Self.width - 22))" y="\(Self.number(Self.height - 4))" \
      class="axis end">sparsity</text>
      <polyline class="line" points="\(line)"/>
      \(zip(points, marks).map { point, mark -> HTML in
        """
        <circle class="dot" cx="\(Self.number(mark.x))" cy="\(Self.number(mark.y))" r="4">\
        <title>\(text(point))</title></circle>
        """
      })</svg>
      """
  }

  private func row(_ tick: Double) -> HTML {
    let y = vertical.position(tick)
    return """
      <path class="grid" d="M52 \(Self.number(y))H\(Self.number(Self.width - 22))"/>\
      <text class="end" x="46" y="\(Self.number(y + 4))">\(vertical.text(tick))</text>
      """
  }

  private func column(_ tick: Double) -> HTML {
    let x = horizontal.position(tick)
    return """
      <text class="middle" x="\(Self.number(x))" y="\(Self.number(Self.height - 22))">\
      \(horizontal.text(tick))</text>
      """
  }

  /// All values as a sentence, for those who cannot see the chart.
  private var summary: String {
    "Validation accuracy of each iteration: \(points.map(text).joined(separator: ", "))"
  }

  private func text(_ point: (sparsity: Double, accuracy: Double)) -> String {
    "\(PageText.percent(point.accuracy)) at \(PageText.percent(point.sparsity)) sparsity"
  }

  private static func number(_ value: Double) -> String { SVGDocument.number(value) }
}
