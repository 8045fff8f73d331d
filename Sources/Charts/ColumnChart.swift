/// One or more rows of columns over the same names, for example the share of weights each layer
/// keeps, one row a method.
public struct ColumnChart: Sendable, Hashable {
  /// One column.
  public struct Column: Sendable, Hashable {
    /// Its height: a share, 0…1.
    public var share: Double
    /// Drawn grey: it does not take part in what the chart shows.
    public var isBackdrop: Bool

    /// A column as given.
    public init(_ share: Double, isBackdrop: Bool = false) {
      self.share = share
      self.isBackdrop = isBackdrop
    }
  }

  /// One row.
  public struct Row: Sendable, Hashable {
    /// What it shows; empty where the title says it all.
    public var name: String
    /// One for each category; nil where the row has none.
    public var columns: [Column?]

    /// A row as given.
    public init(_ name: String, columns: [Column?]) {
      self.name = name
      self.columns = columns
    }
  }

  /// The headline.
  public var title: String
  /// A line beneath it.
  public var subtitle: String
  /// The names beneath the columns.
  public var categories: [String]
  /// What the names are.
  public var categoryLabel: String
  /// What the heights are.
  public var valueLabel: String
  /// What grey columns are, when there are any.
  public var backdropLabel: String
  /// Rows from top to bottom.
  public var rows: [Row]

  /// A chart as given.
  public init(
    title: String, subtitle: String = "", categories: [String], categoryLabel: String,
    valueLabel: String, backdropLabel: String, rows: [Row]
  ) {
    self.title = title
    self.subtitle = subtitle
    self.categories = categories
    self.categoryLabel = categoryLabel
    self.valueLabel = valueLabel
    self.backdropLabel = backdropLabel
    self.rows = rows
  }

  package static let left = 64.0
  static let right = SVGDocument.width - 16
  package static let top = 98.0
  /// Height of a column of 100 %: many rows are lower, so that a page still holds them.
  package static func height(rows: Int) -> Double { rows > 2 ? 84 : 200 }
  private static let gap = 42.0

  /// The chart as a file. Columns that are no finite numbers are left out, others drawn within
  /// 0…100 %.
  public func svg() -> String {
    let height = Self.height(rows: rows.count)
    let names = categories.map { TextWidth.shortened($0, size: 11, to: 130) }
    let nameRoom = (names.map { TextWidth.of($0, size: 11) }.max() ?? 0) + 44
    let end = Self.top + Double(max(1, rows.count)) * (height + Self.gap) - Self.gap
    var document = SVGDocument(height: end + nameRoom, title: title, description: summary)
    document.heading(title, subtitle)
    drawLegend(&document)
    for (index, row) in rows.enumerated() {
      let bottom = Self.top + Double(index) * (height + Self.gap) + height
      draw(row, index, bottom: bottom, height: height, &document)
    }
    if rows.isEmpty || categories.isEmpty {
      document.text(
        "no data", x: (Self.left + Self.right) / 2, y: Self.top + 40, anchor: .middle,
        colour: Palette.muted)
    }
    for (index, name) in names.enumerated() {
      document.text(
        name, x: center(index) + 4, y: end + 12, anchor: .end, size: 11, colour: Palette.muted,
        degrees: -90)
    }
    document.text(
      categoryLabel, x: (Self.left + Self.right) / 2, y: end + nameRoom - 12, anchor: .middle)
    document.text(
      valueLabel, x: 16, y: (Self.top + end) / 2, anchor: .middle, degrees: -90)
    return document.svg()
  }

  private var slot: Double { (Self.right - Self.left) / Double(max(1, categories.count)) }

  private func center(_ index: Int) -> Double { Self.left + (Double(index) + 0.5) * slot }

  private func drawLegend(_ document: inout SVGDocument) {
    let hasBackdrop = rows.contains { $0.columns.contains { $0?.isBackdrop == true } }
    guard hasBackdrop, !backdropLabel.isEmpty else { return }
    document.rectangle(x: 16, y: 54, width: 11, height: 11, colour: Palette.backdrop)
    document.text(backdropLabel, x: 32, y: 64, size: 12, colour: Palette.muted)
  }

  private func draw(
    _ row: Row, _ index: Int, bottom: Double, height: Double, _ document: inout SVGDocument
  ) {
    let axis = Axis("", format: .percent)
    for tick in height > 100 ? [0, 0.25, 0.5, 0.75, 1] : [0, 0.5, 1] {
      let y = bottom - tick * height
      document.line(
        (Self.left, y), (Self.right, y), colour: tick == 0 ? Palette.axis : Palette.grid)
      document.text(
        axis.text(tick), x: Self.left - 6, y: y + 4, anchor: .end, size: 11,
        colour: Palette.muted)
    }
    let colour = Palette.colour(index)
    if !row.name.isEmpty {
      document.text(
        TextWidth.shortened(row.name, size: 13, to: Self.right - Self.left), x: Self.left,
        y: bottom - height - 16, colour: colour, isBold: true)
    }
    let width = max(1, min(36, slot * 0.76))
    for (position, column) in row.columns.prefix(categories.count).enumerated() {
      guard let column, column.share.isFinite else { continue }
      let tall = min(1, max(0, column.share)) * height
      let value = axis.text(column.share)
      document.rectangle(
        x: center(position) - width / 2, y: bottom - tall, width: width, height: tall,
        colour: column.isBackdrop ? Palette.backdrop : colour,
        hint: "\(categories[position]): \(value)")
      // Numbers only where they fit side by side.
      if !column.isBackdrop, slot >= TextWidth.of("00", size: 10) + 6 {
        let rounded = "\(Int((min(1, max(0, column.share)) * 100).rounded()))"
        document.text(
          column.share < 0.005 && column.share > 0 ? "<1" : rounded, x: center(position),
          y: bottom - tall - 3, anchor: .middle, size: 10, colour: Palette.ink)
      }
    }
  }

  /// All values as sentences, for those who cannot see the chart.
  private var summary: String {
    let axis = Axis("", format: .percent)
    let sentences = rows.map { row in
      let values = zip(categories, row.columns).compactMap { name, column in
        column.flatMap { $0.share.isFinite ? "\(name) \(axis.text($0.share))" : nil }
      }
      let list = values.isEmpty ? "no values" : values.joined(separator: ", ")
      return row.name.isEmpty ? "\(list)." : "\(row.name): \(list)."
    }
    return (["\(valueLabel) of each of the \(categories.count) \(categoryLabel)."] + sentences)
      .joined(separator: " ")
  }
}
