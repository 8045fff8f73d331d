import Charts
import Testing

@Suite struct ColumnChartTests {
  private typealias Column = ColumnChart.Column

  private func chart(_ rows: [ColumnChart.Row], categories: [String]) -> ColumnChart {
    ColumnChart(
      title: "Weights kept", categories: categories, categoryLabel: "layers",
      valueLabel: "kept", backdropLabel: "dense", rows: rows)
  }

  @Test func columnsAreAsHighAsTheirShares() throws {
    let row = ColumnChart.Row(
      "hybrid", columns: [Column(1, isBackdrop: true), Column(0.25), nil, Column(0.001)])
    let document = try ParsedDocument(
      chart([row], categories: ["conv1", "conv2", "conv3", "<fc>"]).svg())
    let columns = document.all("rect").filter { $0.attributes["width"] == "36" }
    let height = ColumnChart.height(rows: 1)
    #expect(
      columns.map { $0.attributes["height"] }
        == [1, 0.25, 0.001].map {
          SVGDocument.number($0 * height)
        })
    #expect(
      columns[1].attributes["y"] == SVGDocument.number(ColumnChart.top + height * 0.75))
    #expect(Set(columns.map { $0.attributes["fill"] }).count == 2, "dense ones are grey")
    for text in ["Weights kept", "hybrid", "layers", "kept", "dense", "<fc>", "25", "<1"] {
      #expect(document.texts.contains(text), "\(text)")
    }
    #expect(document.all("desc").first?.text.contains("conv2 25 %") == true)
  }

  @Test func oddDataDoesNoHarm() throws {
    let many = (0..<200).map { "layer\($0)" }
    for (rows, categories) in [
      ([], []), ([], ["a"]), ([ColumnChart.Row("none", columns: [])], ["a"]),
      ([ColumnChart.Row("odd", columns: [Column(.nan), Column(-3), Column(7)])], ["a", "b", "c"]),
      ([ColumnChart.Row("more than names", columns: [Column(1), Column(1)])], ["a"]),
      ([ColumnChart.Row("many", columns: many.map { _ in Column(0.5) })], many),
    ] {
      let svg = chart(rows, categories: categories).svg()
      _ = try ParsedDocument(svg)
      #expect(!svg.contains("nan") && !svg.contains("height=\"-"))
    }
  }
}
