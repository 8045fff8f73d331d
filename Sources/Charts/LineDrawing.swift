/// Puts a line chart's parts in their places.
package struct LineDrawing {
  private let chart: LineChart
  private let series: [(name: String, points: [LineChart.Point])]
  private let x: PlacedAxis
  private let y: PlacedAxis
  private let frame: (left: Double, right: Double, top: Double, bottom: Double)
  private var document: SVGDocument

  /// Room between the frame and the outermost points.
  static let padding = 24.0
  /// Left edge and upper edge of the plot.
  package static let left = 70.0
  package static let top = 66.0
  /// Height of one name of the legend.
  private static let legendLine = 18.0

  /// The height of the plot: room for every name beside it.
  static func plotHeight(series: Int) -> Double { max(300, Double(series) * legendLine) }

  /// Where the plot ends: the names of the series need the rest.
  package static func right(names: [String]) -> Double {
    let longest = names.map { TextWidth.of($0, size: 13) }.max() ?? 0
    return SVGDocument.width - 40 - min(240, max(70, longest))
  }

  init(_ chart: LineChart) {
    self.chart = chart
    series = chart.series.map { ($0.name, chart.shown($0)) }
    let points = series.flatMap(\.points)
    let bottom = Self.top + Self.plotHeight(series: series.count)
    frame = (Self.left, Self.right(names: series.map(\.name)), Self.top, bottom)
    x = PlacedAxis(
      chart.horizontal, values: points.map(\.x), start: frame.left + Self.padding,
      end: frame.right - Self.padding, extended: false)
    let floor = chart.floor ?? -.infinity
    y = PlacedAxis(
      chart.vertical, values: points.flatMap { [$0.low, $0.mean, $0.high] }.map { max($0, floor) },
      start: frame.bottom, end: frame.top, extended: true)
    document = SVGDocument(
      height: bottom + 60, title: chart.title, description: chart.summary)
  }

  mutating func svg() -> String {
    document.heading(chart.title, chart.subtitle)
    drawAxes()
    if series.allSatisfy(\.points.isEmpty) {
      document.text(
        "no data", x: (frame.left + frame.right) / 2, y: (frame.top + frame.bottom) / 2,
        anchor: .middle, colour: Palette.muted)
    }
    for index in series.indices { drawSeries(index) }
    drawLegend()
    return document.svg()
  }

  private mutating func drawAxes() {
    for tick in y.ticks {
      let position = y.position(tick)
      // Nothing lost, nothing gained: the line that differences are read against.
      let isZero = tick == 0 && chart.vertical.format == .signed
      document.line(
        (frame.left, position), (frame.right, position),
        colour: isZero ? Palette.zero : Palette.grid, width: isZero ? 1.5 : 1)
      document.text(
        y.text(tick), x: frame.left - 8, y: position + 4, anchor: .end, size: 12,
        colour: Palette.muted)
    }
    for tick in x.ticks {
      let position = x.position(tick)
      document.line((position, frame.top), (position, frame.bottom), colour: Palette.grid)
      document.line((position, frame.bottom), (position, frame.bottom + 5), colour: Palette.axis)
      document.text(
        x.text(tick), x: position, y: frame.bottom + 19, anchor: .middle, size: 12,
        colour: Palette.muted)
    }
    document.line((frame.left, frame.bottom), (frame.right, frame.bottom), colour: Palette.axis)
    document.text(
      chart.horizontal.label, x: (frame.left + frame.right) / 2, y: frame.bottom + 44,
      anchor: .middle)
    document.text(
      chart.vertical.label, x: 18, y: (frame.top + frame.bottom) / 2, anchor: .middle,
      degrees: -90)
  }

  /// Where a point lies. Series with whiskers stand side by side: one upon the other none could
  /// be read.
  private func place(_ point: LineChart.Point, of index: Int) -> (x: Double, y: Double) {
    let hasSpread = series.contains { $0.points.contains { $0.high > $0.low } }
    let step = hasSpread ? min(4, 2 * 20 / Double(max(1, series.count))) : 0
    let offset = (Double(index) - Double(series.count - 1) / 2) * step
    return (x.position(point.x) + offset, height(point.mean))
  }

  private func height(_ value: Double) -> Double {
    min(frame.bottom, max(frame.top, y.position(value)))
  }

  private mutating func drawSeries(_ index: Int) {
    let (name, points) = series[index]
    let colour = Palette.colour(index)
    let places = points.map { place($0, of: index) }
    if places.count > 1 {
      document.polyline(places, colour: colour, dash: Palette.dash(index))
    }
    for (point, place) in zip(points, places) {
      let value = chart.vertical.text(point.mean)
      var hint = "\(name), \(chart.horizontal.text(point.x)): \(value)"
      if point.high > point.low {
        let (low, high) = (height(point.low), height(point.high))
        document.line((place.x, low), (place.x, high), colour: colour, width: 1.5)
        for end in [low, high] {
          document.line((place.x - 3, end), (place.x + 3, end), colour: colour, width: 1.5)
        }
        hint += " (\(chart.vertical.text(point.low)) to \(chart.vertical.text(point.high)))"
      }
      document.marker(Marker(index), x: place.x, y: place.y, colour: colour, hint: hint)
      if let floor = chart.floor, point.mean < floor {
        document.text(
          "\u{2193} \(value)", x: place.x + 7, y: frame.bottom - 6, size: 11, colour: colour)
      }
    }
  }

  /// Names beside the ends of the lines, pushed apart where they would overlap.
  private mutating func drawLegend() {
    let ends = series.indices.map { index -> (index: Int, y: Double) in
      (index, series[index].points.last.map { height($0.mean) } ?? frame.bottom)
    }.sorted { ($0.y, $0.index) < ($1.y, $1.index) }
    var places = ends.map(\.y)
    for slot in places.indices.dropFirst() {
      places[slot] = max(places[slot], places[slot - 1] + Self.legendLine)
    }
    var limit = frame.bottom
    for slot in places.indices.reversed() {
      places[slot] = min(places[slot], limit)
      limit = places[slot] - Self.legendLine
    }
    let column = frame.right + 14
    for (slot, end) in ends.enumerated() {
      let (name, points) = series[end.index]
      let colour = Palette.colour(end.index)
      if let last = points.last {
        let place = place(last, of: end.index)
        document.line(
          (place.x + 7, place.y), (column - 2, places[slot]), colour: Palette.backdrop,
          width: 0.75)
      }
      document.marker(Marker(end.index), x: column + 6, y: places[slot], colour: colour)
      document.text(
        TextWidth.shortened(name, size: 13, to: 240), x: column + 17, y: places[slot] + 4.5,
        colour: colour)
    }
  }
}
