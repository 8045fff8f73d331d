/// Text as XML and HTML show it literally, in elements and in attributes.
package enum MarkupText {
  /// By Unicode scalar, because a combining mark after "<" must not hide it.
  /// - Parameter other: what stands for a character that means nothing in markup.
  package static func escaped(
    _ text: String, other: (Unicode.Scalar) -> Unicode.Scalar
  ) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      if let entity = entity(scalar) {
        result.append(contentsOf: entity.unicodeScalars)
      } else {
        result.append(other(scalar))
      }
    }
    return String(result)
  }

  private static func entity(_ scalar: Unicode.Scalar) -> String? {
    switch scalar {
    case "&": "&amp;"
    case "<": "&lt;"
    case ">": "&gt;"
    case "\"": "&quot;"
    case "'": "&#39;"
    default: nil
    }
  }
}
