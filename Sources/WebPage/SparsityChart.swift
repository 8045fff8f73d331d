import Charts
import Foundation
import ModelCards
import ServiceAPI

/// Accuracy against sparsity over the iterations of one run, small enough for a telephone. It has no
/// colours: those are the page's, by day and by night.
struct SparsityChart {
  private static let width = 340.0
  private static let height = 190.0

  private typealias Point = (sparsity: Double, accuracy: Double)

  private let points: [Point]
  private let result: Point
  private let horizontal: PlacedAxis
  private let vertical: PlacedAxis

  /// Nil when there is no course to draw.
  init?(_ card: ModelCard) {
    points = (card.iterations ?? [])
      .compactMap { iteration in iteration.validationAccuracy.map { (iteration.sparsity, $0) } }
      .filter { (0...1).contains($0.0) && (0...1).contains($0.1) }
    result = (card.sparsity.global, card.accuracy.pruned)
    guard points.count > 1 else { return nil }
    let all = points + [result]
    horizontal = PlacedAxis(
      Axis("sparsity", format: .percent), values: all.map(\.sparsity), start: 52,
      end: Self.width - 22, extended: true)
    vertical = PlacedAxis(
      Axis("accuracy", format: .percent), values: all.map(\.accuracy),
      start: Self.height - 40, end: 26, extended: true)
  }

  var html: HTML {
    let line = points.map {
      "\(Self.number(horizontal.position($0.sparsity))),\(Self.number(vertical.position($0.accuracy)))"
    }.joined(separator: " ")
    return """
      <figure><svg class="chart" viewBox="0 0 \(Self.number(Self.width)) \(Self.number(Self.height))" \
      role="img" aria-label="\(summary)">
      <text x="6" y="14">accuracy</text>
      \(vertical.ticks.map(row))\(horizontal.ticks.map(column))
      <text x="\(Self.number(Self.width - 22))" y="\(Self.number(Self.height - 4))" \
      class="end">sparsity</text>
      <polyline class="line" points="\(line)"/>
      \(points.map(dot))\(square)</svg>
      <figcaption class="note">Dots: after each iteration, on the validation split. \
      Square: the finished model, on the test split.</figcaption></figure>
      """
  }

  private func dot(_ point: Point) -> HTML {
    let x = Self.number(horizontal.position(point.sparsity))
    let y = Self.number(vertical.position(point.accuracy))
    return """
      <circle class="dot" cx="\(x)" cy="\(y)" r="4"><title>\(text(point))</title></circle>
      """
  }

  private var square: HTML {
    let x = Self.number(horizontal.position(result.sparsity) - 5)
    let y = Self.number(vertical.position(result.accuracy) - 5)
    return """
      <rect class="result" x="\(x)" y="\(y)" width="10" height="10">\
      <title>\(text(result)), finished</title></rect>
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
    "Accuracy after each iteration: \(points.map(text).joined(separator: ", ")). "
      + "Finished: \(text(result))."
  }

  private func text(_ point: Point) -> String {
    "\(PageText.percent(point.accuracy)) at \(PageText.percent(point.sparsity)) sparsity"
  }

  private static func number(_ value: Double) -> String { SVGDocument.number(value) }
}
