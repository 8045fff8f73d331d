import Charts

/// A chart of a comparison and the file it goes into.
public struct NamedChart: Sendable {
  /// The figure it belongs to.
  public let figure: String
  /// The file's name.
  public let file: String
  /// The chart's title.
  public let title: String
  /// The file's text.
  public let svg: String
}

extension ComparisonResults {
  /// Everything that can be seen: per figure accuracy against sparsity for each number of classes,
  /// accuracy against the number of classes for each sparsity, density of the layers for each
  /// sparsity.
  public var charts: [NamedChart] {
    figures.flatMap { figure -> [NamedChart] in
      let rows = summary.filter { $0.figure == figure && $0.figures != nil }
      let classes = Set(rows.map(\.classes)).sorted()
      let targets = Set(rows.map(\.target)).subtracting([0]).sorted()
      return classes.map { accuracyChart(figure, rows, classes: $0, targets: targets) }
        + (classes.count > 1
          ? targets.map { classesChart(figure, rows, target: $0, classes: classes) } : [])
        + targets.compactMap { densityChart(figure, target: $0) }
    }
  }

  /// The row of one variant and number of classes at a target. A variant without a target to choose,
  /// as the dense network, is compared at all of them.
  private static func row(
    _ rows: [SummaryRow], _ variant: String, classes: Int, target: Double
  ) -> SummaryRow? {
    let own = rows.filter { $0.variant == variant && $0.classes == classes }
    return own.first { $0.target == target } ?? own.first { $0.target == 0 }
  }

  /// Points more than this below the reference would press all others into a line.
  private static let floor = -12.0
  private static let vertical = Axis("difference to the dense model, points", format: .signed)
  private static let spread =
    "mean over class sets and seeds; whiskers: standard deviation; 0: the restricted dense model"

  private static func floor(_ series: [LineChart.Series]) -> Double? {
    let values = series.flatMap { $0.points.map(\.mean) }
    return values.contains { $0 < floor } && values.contains { $0 >= floor } ? floor : nil
  }

  /// The variants of a figure in the plan's order, so that each has its colour in every chart.
  private func variants(_ figure: String) -> [String] {
    var names: [String] = []
    for run in runs {
      for member in run.planned.members
      where member.figure == figure && !names.contains(member.variant) {
        names.append(member.variant)
      }
    }
    return names
  }

  private func point(_ row: SummaryRow, x: Double) -> LineChart.Point? {
    guard let difference = row.figures?.difference else { return nil }
    let spread = difference.standardDeviation ?? 0
    return LineChart.Point(
      x: x, mean: difference.mean, low: difference.mean - spread, high: difference.mean + spread)
  }

  private func accuracyChart(
    _ figure: String, _ rows: [SummaryRow], classes: Int, targets: [Double]
  ) -> NamedChart {
    let series = variants(figure).map { variant in
      LineChart.Series(
        variant,
        points: targets.enumerated().compactMap { index, target in
          Self.row(rows, variant, classes: classes, target: target)
            .flatMap { point($0, x: Double(index)) }
        })
    }
    let title = "Accuracy against sparsity, \(classes) classes (\(figure))"
    let chart = LineChart(
      title: title, subtitle: Self.spread,
      horizontal: Axis(
        "sparsity of the prunable layers",
        scale: .categories(targets.map { "\(Self.percent($0)) %" })),
      vertical: Self.vertical, series: series, floor: Self.floor(series))
    return NamedChart(
      figure: figure, file: "accuracy-\(figure)-k\(classes).svg", title: title, svg: chart.svg())
  }

  private func classesChart(
    _ figure: String, _ rows: [SummaryRow], target: Double, classes: [Int]
  ) -> NamedChart {
    let series = variants(figure).map { variant in
      LineChart.Series(
        variant,
        points: classes.compactMap { classes in
          Self.row(rows, variant, classes: classes, target: target)
            .flatMap { point($0, x: Double(classes)) }
        })
    }
    let percent = Self.percent(target)
    let title = "Accuracy against the number of classes, \(percent) % sparsity (\(figure))"
    let chart = LineChart(
      title: title, subtitle: Self.spread,
      horizontal: Axis(
        "classes", scale: .logarithmic, ticks: classes.map(Double.init)),
      vertical: Self.vertical, series: series, floor: Self.floor(series))
    return NamedChart(
      figure: figure, file: "classes-\(figure)-\(percent).svg", title: title, svg: chart.svg())
  }

  /// The layers of the first run of each variant: the first set with the first seed.
  private func densityChart(_ figure: String, target: Double) -> NamedChart? {
    let rows = variants(figure).compactMap { variant -> (String, [RunOutcome.Layer])? in
      let run = runs(figure: figure, variant: variant).first {
        $0.planned.targetSparsity == target && $0.record?.outcome != nil
      }
      return run?.record?.outcome.map { (variant, $0.layers) }
    }
    guard !rows.isEmpty else { return nil }
    var names: [String] = []
    for (_, layers) in rows {
      for layer in layers where !names.contains(layer.name) { names.append(layer.name) }
    }
    let percent = Self.percent(target)
    let title = "Weights kept in each layer, \(percent) % sparsity (\(figure))"
    let chart = ColumnChart(
      title: title, subtitle: "one run of each variant: the first class set, the first seed",
      categories: names, categoryLabel: "layers", valueLabel: "weights kept",
      backdropLabel: "takes no part in pruning",
      rows: rows.map { variant, layers in
        ColumnChart.Row(
          variant,
          columns: names.map { name in
            layers.first { $0.name == name }.map {
              ColumnChart.Column($0.density, isBackdrop: !$0.isPrunable)
            }
          })
      })
    return NamedChart(
      figure: figure, file: "density-\(figure)-\(percent).svg", title: title, svg: chart.svg())
  }

  /// A share as a percentage without needless zeros.
  private static func percent(_ share: Double) -> String {
    var text = number(share * 100, 2)
    while text.hasSuffix("0") { text.removeLast() }
    return text.hasSuffix(".") ? String(text.dropLast()) : text
  }
}
