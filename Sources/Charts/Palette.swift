/// How series are told apart: by colour, by marker and by dashes, so that each alone suffices for
/// the first of them, and print or colour blindness hides nothing.
enum Palette {
  static let paper = "#ffffff"
  static let ink = "#1f2328"
  static let muted = "#59636e"
  static let grid = "#e3e6ea"
  static let axis = "#8c959f"
  static let zero = "#59636e"
  /// Columns that stand back.
  static let backdrop = "#b6bec7"

  /// Okabe and Ito's colours ("Color Universal Design", 2008) without yellow, which is lost on
  /// white, and three more as dark as these.
  private static let colours = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#000000", "#56b4e9", "#8c510a",
    "#542788", "#737373",
  ]
  /// Lengths of strokes and gaps; nil is a solid line.
  private static let dashes: [String?] = [nil, "7 3", "2 3", "9 3 2 3", "4 2", "12 4", "1 4"]

  static func colour(_ index: Int) -> String { colours[index % colours.count] }
  static func dash(_ index: Int) -> String? { dashes[index % dashes.count] }
}

/// The sign at a series' points.
enum Marker: CaseIterable {
  case circle, square, triangle, diamond, inverted, pentagon, cross, hourglass

  /// The marker of the n-th series.
  init(_ index: Int) {
    let all = Marker.allCases
    self = all[index % all.count]
  }

  /// Corners around the point; nil for the circle.
  var corners: [(x: Double, y: Double)]? {
    switch self {
    case .circle: nil
    case .square: [(-4, -4), (4, -4), (4, 4), (-4, 4)]
    case .triangle: [(0, -5.5), (5.2, 4), (-5.2, 4)]
    case .inverted: [(0, 5.5), (-5.2, -4), (5.2, -4)]
    case .diamond: [(0, -6), (5.5, 0), (0, 6), (-5.5, 0)]
    case .pentagon: [(0, -5.5), (5.2, -1.6), (3.3, 4.5), (-3.3, 4.5), (-5.2, -1.6)]
    case .cross:
      [
        (-1.8, -5), (1.8, -5), (1.8, -1.8), (5, -1.8), (5, 1.8), (1.8, 1.8), (1.8, 5), (-1.8, 5),
        (-1.8, 1.8), (-5, 1.8), (-5, -1.8), (-1.8, -1.8),
      ]
    case .hourglass: [(-4.5, -5), (4.5, -5), (-4.5, 5), (4.5, 5)]
    }
  }
}
