import Charts
import Foundation
import Testing

@Suite struct LineChartTests {
  private typealias Point = LineChart.Point

  private func chart(_ series: [LineChart.Series], floor: Double? = nil) -> LineChart {
    LineChart(
      title: "Accuracy", subtitle: "mean", horizontal: Axis("sparsity"),
      vertical: Axis("points", format: .signed), series: series, floor: floor)
  }

  @Test func pointsLieWhereTheirValuesAre() throws {
    let series = LineChart.Series(
      "a", points: [Point(x: 10, mean: 100), Point(x: 0, mean: 0), Point(x: 5, mean: 50)])
    let document = try ParsedDocument(chart([series]).svg())
    let right = LineDrawing.right(names: ["a"])
    let (first, last) = (LineDrawing.left + 24, right - 24)
    let bottom = LineDrawing.top + 300
    let circles = document.all("circle").prefix(3).map {
      ($0.attributes["cx"], $0.attributes["cy"])
    }
    let expected = [
      (first, bottom), ((first + last) / 2, bottom - 150), (last, LineDrawing.top),
    ]
    for (found, place) in zip(circles, expected) {
      #expect(found.0 == SVGDocument.number(place.0))
      #expect(found.1 == SVGDocument.number(place.1))
    }
    #expect(document.all("polyline").count == 1)
  }

  @Test func logarithmsAndNamesGetEqualSteps() {
    let log = PlacedAxis(
      Axis("k", scale: .logarithmic, ticks: [2, 20, 200]), values: [2, 20, 200], start: 0,
      end: 100, extended: false)
    #expect(log.ticks.map { log.position($0).rounded() } == [0, 50, 100])
    let names = PlacedAxis(
      Axis("s", scale: .categories(["80 %", "95 %", "98 %"])), values: [], start: 0, end: 100,
      extended: false)
    #expect(names.ticks.map(names.position) == [0, 50, 100])
    #expect(names.ticks.map(names.text) == ["80 %", "95 %", "98 %"])
  }

  @Test func ticksAreRound() {
    func ticks(_ values: [Double], _ format: Axis.Format) -> [String] {
      let axis = PlacedAxis(
        Axis("", format: format), values: values, start: 0, end: 1, extended: true)
      return axis.ticks.map(axis.text)
    }
    #expect(
      ticks([-3.7, 0.4], .signed) == [
        "\u{2212}4", "\u{2212}3", "\u{2212}2", "\u{2212}1", "0", "+1",
      ])
    #expect(ticks([0.913, 0.987], .percent) == ["90 %", "92 %", "94 %", "96 %", "98 %", "100 %"])
    #expect(ticks([0.1, 0.3], .plain) == ["0.10", "0.15", "0.20", "0.25", "0.30"])
  }

  @Test func everythingIsNamedAndTold() throws {
    let series = (0..<12).map { index in
      LineChart.Series(
        "series \(index)",
        points: [Point(x: 1, mean: 2, low: 1, high: 3), Point(x: 2, mean: Double(index))])
    }
    let document = try ParsedDocument(chart(series).svg())
    for one in series {
      #expect(document.texts.contains(one.name))
      #expect(document.all("desc").first?.text.contains(one.name) == true)
    }
    for text in ["Accuracy", "mean", "sparsity", "points"] {
      #expect(document.texts.contains(text))
    }
    #expect(document.all("title").first?.text == "Accuracy")
    let root = try #require(document.elements.first)
    #expect(root.attributes["role"] == "img")
    #expect(root.attributes["aria-label"] == "Accuracy")
    // Told apart by more than colour.
    let lines = document.all("polyline").map {
      "\($0.attributes["stroke"] ?? "") \($0.attributes["stroke-dasharray"] ?? "")"
    }
    #expect(Set(lines).count == 12)
    // Names of the legend do not overlap.
    let places = document.all("text").filter { $0.text.hasPrefix("series ") }
      .compactMap { $0.attributes["y"].flatMap(Double.init) }.sorted()
    #expect(zip(places, places.dropFirst()).allSatisfy { $1 - $0 > 17 })
  }

  @Test func hostileTextStaysText() throws {
    let name = "<script>alert(\"1\")</script> & 'x' \u{1} ]]>"
    var chart = chart([LineChart.Series(name, points: [Point(x: 1, mean: 1)])])
    chart.title = name
    chart.horizontal.label = name
    let svg = chart.svg()
    #expect(!svg.contains("<script"))
    let document = try ParsedDocument(svg)
    #expect(document.all("script").isEmpty)
    #expect(
      document.all("title").first?.text == name.replacingOccurrences(of: "\u{1}", with: "\u{fffd}"))
  }

  @Test func oddDataDoesNoHarm() throws {
    let odd = [
      Point(x: .nan, mean: 1), Point(x: 1, mean: .infinity), Point(x: 1e300, mean: 1),
      Point(x: -1, mean: 0), Point(x: 3, mean: 2, low: -.infinity, high: .nan),
    ]
    for series in [
      [], [LineChart.Series("none", points: [])],
      [LineChart.Series("one", points: [Point(x: 0.9, mean: -0.25)])],
      [LineChart.Series("odd", points: odd)],
    ] {
      for scale in [Axis.Scale.linear, .logarithmic, .categories([]), .categories(["a"])] {
        var chart = chart(series, floor: -1)
        chart.horizontal.scale = scale
        let svg = chart.svg()
        let document = try ParsedDocument(svg)
        #expect(!svg.contains("nan") && !svg.contains("inf"))
        if series.allSatisfy(\.points.isEmpty) { #expect(document.texts.contains("no data")) }
        #expect(svg == chart.svg())
      }
    }
  }

  @Test func valuesBelowTheFloorStandOnItWithTheirNumber() throws {
    let series = LineChart.Series("a", points: [Point(x: 1, mean: 0), Point(x: 2, mean: -40)])
    let document = try ParsedDocument(chart([series], floor: -10).svg())
    #expect(document.texts.contains("\u{2193} \u{2212}40"))
    #expect(!document.texts.contains("\u{2212}40"), "no tick that low")
    #expect(document.all("circle")[1].attributes["cy"] == SVGDocument.number(LineDrawing.top + 300))
  }
}
