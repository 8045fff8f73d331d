/// Several series over one horizontal axis: a line with markers each, whiskers where values spread.
public struct LineChart: Sendable, Hashable {
  /// One measured value.
  public struct Point: Sendable, Hashable {
    /// Where it stands on the horizontal axis.
    public var x: Double
    /// The value.
    public var mean: Double
    /// Ends of the whiskers; equal to the mean for a value without spread.
    public var low: Double
    /// See `low`.
    public var high: Double

    /// A point with whiskers.
    public init(x: Double, mean: Double, low: Double, high: Double) {
      self.x = x
      self.mean = mean
      self.low = low
      self.high = high
    }

    /// A point without.
    public init(x: Double, mean: Double) { self.init(x: x, mean: mean, low: mean, high: mean) }
  }

  /// What belongs together.
  public struct Series: Sendable, Hashable {
    /// The name that stands at the line's end.
    public var name: String
    /// Drawn in ascending order of x.
    public var points: [Point]

    /// A series as given.
    public init(_ name: String, points: [Point]) {
      self.name = name
      self.points = points
    }
  }

  /// The headline.
  public var title: String
  /// A line beneath it: what was averaged, what the whiskers are.
  public var subtitle: String
  /// The axes.
  public var horizontal: Axis
  /// See `horizontal`.
  public var vertical: Axis
  /// Series in the order that decides colour and marker.
  public var series: [Series]
  /// The lowest value drawn in proportion: points below lie on the lower edge with their value
  /// beside them, so that one bad series does not press all others into a line.
  public var floor: Double?

  /// A chart as given.
  public init(
    title: String, subtitle: String = "", horizontal: Axis, vertical: Axis, series: [Series],
    floor: Double? = nil
  ) {
    self.title = title
    self.subtitle = subtitle
    self.horizontal = horizontal
    self.vertical = vertical
    self.series = series
    self.floor = floor
  }

  /// The chart as a file. Points that have no place on the axes (not finite, not positive on a
  /// logarithmic one) are left out.
  public func svg() -> String {
    var drawing = LineDrawing(self)
    return drawing.svg()
  }

  /// The points that have a place, from left to right.
  func shown(_ series: Series) -> [Point] {
    series.points.filter { horizontal.canShow($0.x) && vertical.canShow($0.mean) }
      .map { point in
        let isSpread = vertical.canShow(point.low) && vertical.canShow(point.high)
        return isSpread ? point : Point(x: point.x, mean: point.mean)
      }.sorted { ($0.x, $0.mean) < ($1.x, $1.mean) }
  }

  /// All values as sentences, for those who cannot see the chart.
  var summary: String {
    let sentences = series.map { series in
      let values = shown(series).map {
        "\(vertical.text($0.mean)) at \(horizontal.text($0.x))"
      }
      return "\(series.name): \(values.isEmpty ? "no values" : values.joined(separator: ", "))."
    }
    return (["\(vertical.label) against \(horizontal.label)."] + sentences).joined(separator: " ")
  }
}
