import Charts
import Foundation
import ModelCards

/// What a model costs on a modelled accelerator beside the dense and the 2:4 network: a bar each for
/// cycles and energy, as long as their share of the dense network's. It has no colours: those are the
/// page's, by day and by night.
struct AcceleratorChart {
  private static let width = 340.0
  private static let start = 60.0
  private static let longest = 180.0
  private static let bar = 14.0
  private static let step = 20.0

  private struct Group {
    let title: String
    let rows: [(name: String, share: Double, text: String)]
  }

  private let accelerator: ModelCard.Accelerator
  private let groups: [Group]

  /// Nil when a card has no estimate, or one that cannot be drawn.
  init?(_ card: ModelCard) {
    guard let accelerator = card.accelerator else { return nil }
    self.accelerator = accelerator
    func group(
      _ title: String, _ costs: [Double], _ text: (Double) -> String
    ) -> Group? {
      // Of earlier versions and other programs rows hold anything.
      guard let dense = costs.first, dense > 0, costs.allSatisfy({ $0.isFinite && $0 >= 0 }) else {
        return nil
      }
      return Group(
        title: title,
        rows: zip(["dense", "2:4", "this"], costs).map {
          (name: $0, share: $1 / dense, text: text($1))
        })
    }
    guard
      let cycles = group(
        "cycles an image",
        [accelerator.dense.cycles, accelerator.twoOfFour.cycles, accelerator.cycles],
        PageText.count),
      let energy = group(
        "energy an image",
        [accelerator.dense.energyUj, accelerator.twoOfFour.energyUj, accelerator.energyUj],
        PageText.microjoules)
    else { return nil }
    groups = [cycles, energy]
  }

  private static let groupHeight = 24 + 3 * step

  var html: HTML {
    let height = Double(groups.count) * Self.groupHeight
    return """
      <figure><svg class="chart" viewBox="0 0 \(Self.number(Self.width)) \(Self.number(height))" \
      role="img" aria-label="\(summary)">
      \(groups.enumerated().map { drawn($0.offset, $0.element) })</svg>
      <figcaption class="note">Modelled on \(.name(accelerator.name)), not measured: one image, \
      \(accelerator.bits) bits, \(Self.memory(accelerator.memory)). Most cycles wait for \
      \(Self.part(accelerator.bound)).</figcaption></figure>
      """
  }

  private func drawn(_ index: Int, _ group: Group) -> HTML {
    let top = Double(index) * Self.groupHeight
    return """
      <text x="6" y="\(Self.number(top + 14))">\(group.title)</text>
      \(group.rows.enumerated().map { row(top + 22 + Double($0.offset) * Self.step, $0.element) })
      """
  }

  private func row(_ y: Double, _ row: (name: String, share: Double, text: String)) -> HTML {
    let width = max(1, min(1.05, row.share) * Self.longest)
    return """
      <text class="end" x="\(Self.number(Self.start - 6))" y="\(Self.number(y + 11))">\(row.name)</text>\
      <rect class="\(row.name == "this" ? "own" : "bar")" x="\(Self.number(Self.start))" \
      y="\(Self.number(y))" width="\(Self.number(width))" height="\(Self.number(Self.bar))">\
      <title>\(Self.sentence(row))</title></rect>\
      <text x="\(Self.number(Self.start + width + 6))" \
      y="\(Self.number(y + 11))">\(row.text)</text>
      """
  }

  /// All values as sentences, for those who cannot see the chart.
  private var summary: String {
    groups.map { group in
      "\(group.title): \(group.rows.map(Self.sentence).joined(separator: ", "))."
    }.joined(separator: " ")
  }

  private static func sentence(_ row: (name: String, share: Double, text: String)) -> String {
    "\(row.name == "this" ? "this model" : row.name) \(row.text)"
      + (row.name == "dense" ? "" : " (\(PageText.percent(row.share)) of dense)")
  }

  private static func memory(_ memory: String) -> String {
    memory == "cold" ? "everything from DRAM" : "activations on chip"
  }

  private static func part(_ bound: String) -> String {
    switch bound {
    case "dram": "DRAM"
    case "shared_memory": "shared memory"
    default: "the multipliers"
    }
  }

  private static func number(_ value: Double) -> String { SVGDocument.number(value) }
}
