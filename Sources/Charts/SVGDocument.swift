import Foundation

/// Elements of one self-contained SVG file: no scripts, no references, all text escaped.
package struct SVGDocument {
  /// Pixels of every chart from left to right: what a README or a card has room for.
  static let width = 720.0

  private let height: Double
  private let title: String
  private let description: String
  private var elements: [String] = []

  /// An empty document of `height` pixels; the two texts are for those who cannot see it.
  init(height: Double, title: String, description: String) {
    self.height = height
    self.title = title
    self.description = description
  }

  /// How a text hangs at its position.
  enum Anchor: String {
    case start, middle, end
  }

  mutating func text(
    _ text: String, x: Double, y: Double, anchor: Anchor = .start, size: Double = 13,
    colour: String = Palette.ink, isBold: Bool = false, degrees: Double = 0
  ) {
    var attributes =
      "x=\"\(Self.number(x))\" y=\"\(Self.number(y))\" text-anchor=\"\(anchor.rawValue)\" "
      + "font-size=\"\(Self.number(size))\" fill=\"\(colour)\""
    if isBold { attributes += " font-weight=\"600\"" }
    if degrees != 0 {
      attributes +=
        " transform=\"rotate(\(Self.number(degrees)) \(Self.number(x)) \(Self.number(y)))\""
    }
    elements.append("<text \(attributes)>\(Self.escaped(text))</text>")
  }

  mutating func line(
    _ from: (x: Double, y: Double), _ to: (x: Double, y: Double), colour: String,
    width: Double = 1, dash: String? = nil
  ) {
    elements.append(
      "<line x1=\"\(Self.number(from.x))\" y1=\"\(Self.number(from.y))\" "
        + "x2=\"\(Self.number(to.x))\" y2=\"\(Self.number(to.y))\" stroke=\"\(colour)\" "
        + "stroke-width=\"\(Self.number(width))\"\(Self.dashes(dash))/>")
  }

  mutating func polyline(_ points: [(x: Double, y: Double)], colour: String, dash: String?) {
    let list = points.map { "\(Self.number($0.x)),\(Self.number($0.y))" }.joined(separator: " ")
    elements.append(
      "<polyline points=\"\(list)\" fill=\"none\" stroke=\"\(colour)\" stroke-width=\"2\" "
        + "stroke-linejoin=\"round\"\(Self.dashes(dash))/>")
  }

  /// A filled shape of straight edges, or a circle, whose tooltip is `hint`.
  mutating func marker(
    _ marker: Marker, x: Double, y: Double, colour: String, hint: String? = nil
  ) {
    let paint = "fill=\"\(colour)\" stroke=\"\(Palette.paper)\" stroke-width=\"1\""
    let shape: String
    if let corners = marker.corners {
      let list = corners.map { "\(Self.number(x + $0.x)),\(Self.number(y + $0.y))" }
      shape = "<polygon points=\"\(list.joined(separator: " "))\" \(paint)"
    } else {
      shape = "<circle cx=\"\(Self.number(x))\" cy=\"\(Self.number(y))\" r=\"4.5\" \(paint)"
    }
    let closing = marker.corners == nil ? "circle" : "polygon"
    elements.append(
      hint.map { "\(shape)><title>\(Self.escaped($0))</title></\(closing)>" } ?? "\(shape)/>")
  }

  mutating func rectangle(
    x: Double, y: Double, width: Double, height: Double, colour: String, hint: String? = nil
  ) {
    let shape =
      "<rect x=\"\(Self.number(x))\" y=\"\(Self.number(y))\" width=\"\(Self.number(width))\" "
      + "height=\"\(Self.number(height))\" fill=\"\(colour)\""
    elements.append(
      hint.map { "\(shape)><title>\(Self.escaped($0))</title></rect>" } ?? "\(shape)/>")
  }

  /// The file's text. The role and the two texts are what screen readers read (W3C, "SVG
  /// Accessibility API Mappings"); `aria-label` instead of ids, which would clash on a page that
  /// holds several charts.
  func svg() -> String {
    """
    <svg xmlns="http://www.w3.org/2000/svg" width="\(Self.number(Self.width))" \
    height="\(Self.number(height))" viewBox="0 0 \(Self.number(Self.width)) \
    \(Self.number(height))" role="img" aria-label="\(Self.escaped(title))" \
    font-family="system-ui, -apple-system, 'Segoe UI', Arial, sans-serif">
    <title>\(Self.escaped(title))</title>
    <desc>\(Self.escaped(description))</desc>
    <rect width="100%" height="100%" fill="\(Palette.paper)"/>
    \(elements.joined(separator: "\n"))
    </svg>

    """
  }

  /// A coordinate with at most two decimals: what the eye can tell, and the same on every machine.
  package static func number(_ value: Double) -> String {
    let hundredths = (value * 100).rounded()
    guard hundredths.magnitude < 1e12 else { return "0" }
    let whole = Int(hundredths)
    let sign = whole < 0 ? "-" : ""
    let (units, rest) = whole.magnitude.quotientAndRemainder(dividingBy: 100)
    if rest == 0 { return "\(sign)\(units)" }
    if rest % 10 == 0 { return "\(sign)\(units).\(rest / 10)" }
    return "\(sign)\(units).\(rest < 10 ? "0" : "")\(rest)"
  }

  /// Text for elements and attributes. Characters that XML 1.0 (section 2.2) has no place for become
  /// replacement characters.
  static func escaped(_ text: String) -> String {
    MarkupText.escaped(text) { scalar in
      switch scalar {
      case "\t", "\n", "\r": " "
      case _ where scalar.value < 0x20 || scalar.value == 0xfffe || scalar.value == 0xffff:
        "\u{fffd}"
      default: scalar
      }
    }
  }

  private static func dashes(_ dash: String?) -> String {
    dash.map { " stroke-dasharray=\"\($0)\"" } ?? ""
  }
}
