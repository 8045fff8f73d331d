import Foundation

/// The runs of a plan with what came out, and the averages over sets and seeds.
public struct ComparisonResults: Sendable {
  /// One run of the plan.
  public struct Run: Sendable {
    /// What was planned.
    public let planned: PlannedRun
    /// What came out; nil for a run still to do.
    public let record: RunRecord?
  }

  /// In the plan's order.
  public let runs: [Run]
  /// Averages, by figure, classes, target and variant, in the plan's order.
  public let summary: [SummaryRow]
  /// Figures in the plan's order.
  public let figures: [String]

  package init(_ plan: Plan, records: [String: RunRecord]) {
    runs = plan.runs.map { Run(planned: $0, record: records[$0.key]) }
    figures = plan.figures
    summary = SummaryRow.rows(runs, figures: plan.figures)
  }

  /// Runs that are still to do.
  public var missing: Int { runs.count { $0.record == nil } }
  /// Runs that failed.
  public var failed: Int { runs.count { $0.record?.failure != nil } }

  /// The runs of a figure's variant.
  func runs(figure: String, variant: String) -> [Run] {
    runs.filter { run in
      run.planned.members.contains { $0.figure == figure && $0.variant == variant }
    }
  }
}

/// Mean and standard deviation over the runs of one variant at one target and number of classes.
public struct SummaryRow: Sendable, Hashable, Encodable {
  /// A mean and the sample's standard deviation, which one value alone does not have.
  public struct Spread: Sendable, Hashable, Encodable {
    /// The mean.
    public let mean: Double
    /// Nil for fewer than two values.
    public let standardDeviation: Double?

    package init?(_ values: [Double]) {
      guard !values.isEmpty else { return nil }
      let mean = values.reduce(0, +) / Double(values.count)
      self.mean = mean
      let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      standardDeviation =
        values.count > 1 ? (squares / Double(values.count - 1)).squareRoot() : nil
    }
  }

  /// The means of what ended well.
  public struct Figures: Sendable, Hashable, Encodable {
    /// Zeros per weight that were reached.
    public let sparsity: Double
    /// Test accuracy of the restricted universal model, 0…1.
    public let restricted: Double
    /// Of the dense fine-tuned model, over the runs that have one; nil when none has.
    public let denseFineTuned: Double?
    /// Of the packed model.
    public let pruned: Spread
    /// Pruned minus restricted, run by run, in points.
    public let difference: Spread
    /// File sizes.
    public let denseBytes: Double
    /// See `denseBytes`.
    public let packedBytes: Double
    /// Multiply-accumulates of one image.
    public let denseMultiplyAccumulates: Double
    /// See `denseMultiplyAccumulates`.
    public let keptMultiplyAccumulates: Double

    init?(_ outcomes: [RunOutcome]) {
      func mean(_ value: (RunOutcome) -> Double) -> Double {
        outcomes.reduce(0) { $0 + value($1) } / Double(outcomes.count)
      }
      guard let pruned = Spread(outcomes.map(\.accuracy.pruned)),
        let difference = Spread(outcomes.map(\.difference))
      else { return nil }
      self.pruned = pruned
      self.difference = difference
      sparsity = mean(\.sparsity)
      restricted = mean(\.accuracy.restricted)
      let tuned = outcomes.compactMap(\.accuracy.denseFineTuned)
      denseFineTuned = tuned.isEmpty ? nil : tuned.reduce(0, +) / Double(tuned.count)
      denseBytes = mean { Double($0.bytes.dense) }
      packedBytes = mean { Double($0.bytes.packed) }
      denseMultiplyAccumulates = mean { Double($0.multiplyAccumulates.dense) }
      keptMultiplyAccumulates = mean { Double($0.multiplyAccumulates.packed) }
    }
  }

  /// The figure it belongs to.
  public let figure: String
  /// The variant.
  public let variant: String
  /// How many classes.
  public let classes: Int
  /// The sparsity asked for.
  public let target: Double
  /// Runs that ended well.
  public let runs: Int
  /// Runs that failed.
  public let failed: Int
  /// Nil when no run ended well.
  public let figures: Figures?

  /// Where a row stands in a plan.
  private struct Place: Hashable {
    let figure: String
    let variant: String
    let classes: Int
    let target: Double
  }

  static func rows(_ runs: [ComparisonResults.Run], figures: [String]) -> [SummaryRow] {
    var places: [Place] = []
    var records: [Place: [RunRecord]] = [:]
    for run in runs {
      var seen = Set<Place>()
      for member in run.planned.members {
        let place = Place(
          figure: member.figure, variant: member.variant,
          classes: run.planned.profile.entries.count, target: run.planned.targetSparsity)
        guard let record = run.record, seen.insert(place).inserted else { continue }
        if records[place] == nil { places.append(place) }
        records[place, default: []].append(record)
      }
    }
    let order = Dictionary(
      zip(figures, figures.indices), uniquingKeysWith: { first, _ in first })
    return places.enumerated().sorted { a, b in
      let (x, y) = (a.element, b.element)
      return (order[x.figure] ?? 0, x.classes, x.target, a.offset)
        < (order[y.figure] ?? 0, y.classes, y.target, b.offset)
    }.map { _, place in
      let all = records[place] ?? []
      let outcomes = all.compactMap(\.outcome)
      return SummaryRow(
        figure: place.figure, variant: place.variant, classes: place.classes,
        target: place.target, runs: outcomes.count, failed: all.count - outcomes.count,
        figures: Figures(outcomes))
    }
  }
}
