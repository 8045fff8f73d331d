import Comparison
import Pruning
import TestSupport
import Testing

@Suite struct ResultsTests {
  private func results(_ plan: Plan) throws -> ComparisonResults {
    let folder = try TemporaryFolder()
    return try PretendedRuns { run in
      Fixtures.outcome(pruned: run.recipe.seed == 0 ? 0.90 : 0.94)
    }.comparison(plan, folder).run()
  }

  @Test func fieldsAreQuotedWhereTheyMust() {
    #expect(CSV.text([["a", "b,c", "d\"e", "f\ng", ""]]) == "a,\"b,c\",\"d\"\"e\",\"f\ng\",\n")
    #expect(CSV.text([["a\r\nb"]]) == "\"a\r\nb\"\n")
  }

  @Test func everyRunHasALine() throws {
    let csv = try results(Fixtures.plan([Fixtures.group("a"), Fixtures.group("b")])).csv
    let lines = csv.split(separator: "\n")
    #expect(lines.count == 9)
    #expect(lines[1].hasPrefix("a; b,one,2,k2-"))
    #expect(lines[1].contains(",middle; top left,0,0.7,0.700000,0.600000,0.950000,"))
    #expect(lines[2].hasPrefix("a; b,\"four, \"\"rows\"\"\",2,"))
  }

  @Test func summaryAveragesOverSetsAndSeeds() throws {
    let results = try results(Fixtures.plan())
    #expect(results.summary.count == 4)
    for row in results.summary {
      #expect(row.runs == 2 && row.failed == 0 && row.target == 0.7)
      let difference = try #require(row.figures?.difference)
      #expect(abs(difference.mean + 3) < 1e-9)
      // Of -5 and -1, divided by n - 1.
      #expect(abs(try #require(difference.standardDeviation) - 8.0.squareRoot()) < 1e-9)
    }
    #expect(results.summary.map(\.classes) == [2, 2, 3, 3])
    #expect(SummaryRow.Spread([1])?.standardDeviation == nil)
    #expect(SummaryRow.Spread([]) == nil)
    #expect(results.text.contains("-3.00 ± 2.83"))
    #expect(results.summaryCSV.contains("main,one,2,0.7,2,0,0.700000,0.950000,0.960000,0.920000,"))
    let lines = results.markdown(charts: []).split(separator: "\n")
    #expect(lines.contains { $0.hasPrefix("| 2 | 70.0 % | one | 2 | 70.00 % |") })
  }

  @Test func chartsShowEveryVariant() throws {
    var group = Fixtures.group(
      variants: [Variant("one"), Variant("dense", sparsities: [0])])
    group.sparsities = [0.6, 0.7]
    let charts = try results(Fixtures.plan([group])).charts
    #expect(
      charts.map(\.file) == [
        "accuracy-main-k2.svg", "accuracy-main-k3.svg", "classes-main-60.svg",
        "classes-main-70.svg", "density-main-60.svg", "density-main-70.svg",
      ])
    for chart in charts.prefix(4) {
      #expect(chart.svg.contains(">one</text>") && chart.svg.contains(">dense</text>"))
      #expect(chart.svg.contains("\u{2212}3"))
    }
    // The dense network has no target and is drawn at all of them.
    #expect(charts[0].svg.split(separator: "dense, 60 %").count == 2)
    #expect(charts[0].svg.split(separator: "dense, 70 %").count == 2)
    #expect(charts[4].svg.contains("conv2: 30 %"))
  }

  @Test func aPartOfTheRunsIsEnough() throws {
    let plan = try Fixtures.plan()
    let results = ComparisonResults(plan, records: [:])
    #expect(results.missing == 8)
    #expect(results.summary.isEmpty && results.charts.isEmpty)
    #expect(results.csv.split(separator: "\n").count == 1)
    #expect(!results.text.isEmpty)
  }
}
