/// How much room text takes. Nobody knows the reader's font; system fonts are about this wide.
enum TextWidth {
  /// Width of an average character, in font sizes.
  private static let perCharacter = 0.56

  static func of(_ text: String, size: Double) -> Double {
    Double(text.count) * size * perCharacter
  }

  /// The text, cut off with an ellipsis where it would be wider than `width`.
  static func shortened(_ text: String, size: Double, to width: Double) -> String {
    let limit = max(2, Int(width / (size * perCharacter)))
    return text.count <= limit ? text : "\(text.prefix(limit - 1))\u{2026}"
  }
}

extension SVGDocument {
  /// Title and subtitle, as wide as the chart.
  mutating func heading(_ title: String, _ subtitle: String) {
    text(
      TextWidth.shortened(title, size: 16, to: Self.width - 32), x: 16, y: 26, size: 16,
      isBold: true)
    if !subtitle.isEmpty {
      text(
        TextWidth.shortened(subtitle, size: 12, to: Self.width - 32), x: 16, y: 46, size: 12,
        colour: Palette.muted)
    }
  }
}
