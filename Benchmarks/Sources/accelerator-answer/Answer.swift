import Accelerators
import Charts
import Foundation
import NeuralGraph

/// The answer to "14x": every contender beside the dense network, in every regime.
struct Answer {
  static let sparsities = [0.8, 0.9, 0.95]
  /// Where accuracy of both methods is known: see ``AccuracyResults``.
  static let accurateSparsities = [0.9, 0.95, 0.98]

  let networks: [Network]
  let contenders: [Contender]
  private let shares: [(sparsity: Double, share: Double)]
  private let costs: Costs

  init(accuracy: AccuracyResults, networks: [Network]) throws {
    self.networks = networks
    costs = Costs(energies: try .standard(), relu: 0.45)
    shares = try Self.accurateSparsities.map { ($0, try accuracy.channels(asAccurateAs: $0)) }
    contenders =
      [.dense, .twoOfFour]
      + Self.sparsities.flatMap { sparsity in
        [16, 32, 64].map { .crisp(sparsity, block: $0) }
      }
      + (Self.sparsities + [0.98]).map { .unstructured($0) }
      + [.crisp(0.98, block: 64)]
      + shares.map { .channels($0.sparsity, share: $0.share) }
  }

  func markdown() throws -> String {
    var parts = [Self.introduction, sharesText]
    for network in networks {
      parts.append("## \(network.architecture.rawValue)\n\n" + (try table(network)))
    }
    parts.append(
      "## What each part brings\n\nResNet-50 at 95 %, \(Self.ablated.name), against dense.\n\n"
        + (try Ablation(
          networks[0], sparsity: 0.95, costs: costs, regime: Self.ablated
        ).markdown) + "\n\n" + Self.placesText)
    parts.append(
      "## With other energies\n\nAt 95 %, B = 64, \(Self.ablated.name): the energy of dense / 2:4 / unstructured "
        + "weights, as multiples of CRISP's.\n\n"
        + (try Sensitivity(
          networks, sparsity: 0.95, relu: costs.relu, regime: Self.ablated
        ).markdown))
    parts.append("## Where 7, 14 and 30 times appear\n\n" + (try claims()))
    return parts.joined(separator: "\n\n") + "\n"
  }

  private static let ablated = Costs.Regime(memory: .resident, batch: 16, precision: .bits8)

  private static let introduction = """
    # The pattern on the modelled accelerator

    Written by `make bench-accelerator` from the model of `Documentation/accelerators.md`; the same on every machine.
    Ratios to the dense network on the dense design: times fewer cycles / times less energy. Places and bitmaps travel
    from DRAM too. Activations after a ReLU count as 45 % not zero, which only the dual-side design uses. All hidden
    layers are pruned to the sparsity alike, the first convolution stays dense, the classifier keeps 2 of 4. CRISP-STC
    runs a layer whose tiles do not pay as plain 2:4.
    """

  private var sharesText: String {
    let list = shares.map {
      "\(Contender.percent($0.share)) where CRISP is at \(Contender.percent($0.sparsity))"
    }
    return """
      Channel pruning as accurate as CRISP (glyph100, ten classes, `Benchmarks/results/accuracy`) keeps of the
      multiply-accumulates \(list.joined(separator: ", ")).
      No ImageNet accuracies are claimed here.
      """
  }

  private static var placesText: String {
    let rows = [16, 32, 64].map { block in
      let bits = Ablation.placeBits(sparsity: 0.95, block: block)
      return "B = \(block): \(String(format: "%.3f", bits.list))"
    }
    return """
      Where kept weights are costs 1 bit for each weight of a layer as a bitmap; as places inside 2:4 and a list of
      tiles, at 95 %, \(rows.joined(separator: "; ")).
      """
  }

  private func table(_ network: Network) throws -> String {
    var lines = [
      "| | " + Costs.regimes.map(\.name).joined(separator: " | ") + " | bound |",
      "|---|" + String(repeating: "---|", count: Costs.regimes.count + 1),
    ]
    let dense = try Costs.regimes.map { try costs.cost(.dense, of: network, in: $0) }
    for contender in contenders {
      let found = try Costs.regimes.map { try costs.cost(contender, of: network, in: $0) }
      let cells = zip(dense, found).map { dense, cost in
        String(
          format: "%.1f / %.1f", dense.cycles / cost.cycles, dense.microjoules / cost.microjoules)
      }
      let bounds = found[0].bounds.sorted { $0.value > $1.value }.map {
        "\($0.key.rawValue) \(Contender.percent($0.value))"
      }
      lines.append(
        "| \(contender.name) (\(contender.accelerator.rawValue)) | "
          + cells.joined(separator: " | ") + " | \(bounds.joined(separator: ", ")) |")
    }
    lines.append("")
    lines.append("Bound: share of the cycles in layers that wait for it, in the first regime.")
    return lines.joined(separator: "\n")
  }

  /// The least and the largest ratio of two contenders over networks and regimes, and where they are.
  private struct Extremes {
    var least = Double.infinity
    var largest = 0.0
    var place = ""

    mutating func add(_ value: Double, _ place: String) {
      least = min(least, value)
      if value > largest { (largest, self.place) = (value, place) }
    }

    var text: String { String(format: "%.1f to %.1f (\(place))", least, largest) }
  }

  private func claims() throws -> String {
    let versus: [(name: String, contender: (Double) -> Contender)] = [
      ("dense", { _ in .dense }), ("2:4", { _ in .twoOfFour }),
      ("unstructured, same sparsity", { .unstructured($0) }),
      (
        "channels, same accuracy",
        { sparsity in
          .channels(sparsity, share: shares.first { $0.sparsity == sparsity }?.share ?? 1)
        }
      ),
    ]
    var lines = [
      "CRISP at B = 64 against others: least to largest over the three networks and eight regimes.",
      "",
      "| CRISP at | against | times fewer cycles | times less energy |", "|---|---|---|---|",
    ]
    for sparsity in Self.accurateSparsities {
      for (name, contender) in versus {
        var (cycles, energy) = (Extremes(), Extremes())
        for network in networks {
          for regime in Costs.regimes {
            let ours = try costs.cost(.crisp(sparsity, block: 64), of: network, in: regime)
            let theirs = try costs.cost(contender(sparsity), of: network, in: regime)
            let place = "\(network.architecture.rawValue), \(regime.name)"
            cycles.add(theirs.cycles / ours.cycles, place)
            energy.add(theirs.microjoules / ours.microjoules, place)
          }
        }
        lines.append(
          "| \(Contender.percent(sparsity)) | \(name) | \(cycles.text) | \(energy.text) |")
      }
    }
    return lines.joined(separator: "\n")
  }

  /// Cycles and energy by sparsity, two charts a network.
  func charts() throws -> [(name: String, chart: LineChart)] {
    try networks.flatMap { network in
      let name = network.architecture.rawValue
      return [
        (name, try chart(network, "times fewer cycles", \.cycles)),
        ("\(name)-energy", try chart(network, "times less energy", \.microjoules)),
      ]
    }
  }

  private func chart(_ network: Network, _ title: String, _ figure: (Costs.Cost) -> Double) throws
    -> LineChart
  {
    let regime = Self.ablated
    let dense = figure(try costs.cost(.dense, of: network, in: regime))
    func series(_ name: String, _ contender: (Double) -> Contender) throws -> LineChart.Series {
      LineChart.Series(
        name,
        points: try [0.8, 0.9, 0.95, 0.98].map { sparsity in
          let cost = try costs.cost(contender(sparsity), of: network, in: regime)
          return LineChart.Point(x: sparsity, mean: dense / figure(cost))
        })
    }
    return LineChart(
      title: "\(network.architecture.rawValue): \(title) than dense",
      subtitle: "\(regime.name); modelled, not measured",
      horizontal: Axis("zeros in hidden layers", format: .percent),
      vertical: Axis(title, scale: .logarithmic),
      series: [
        try series("CRISP, B = 64") { .crisp($0, block: 64) },
        try series("CRISP, B = 16") { .crisp($0, block: 16) },
        try series("unstructured, dual-side") { .unstructured($0) },
        try series("N:M alone, flexible") { .flexible($0) },
        try series("2:4") { _ in .twoOfFour },
      ])
  }
}
