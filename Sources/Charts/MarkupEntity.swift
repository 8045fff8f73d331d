/// The five characters that mean something in XML and in HTML, in elements and in attributes.
package enum MarkupEntity {
  /// What stands for such a character when it is text; nil for all others.
  package static func of(_ scalar: Unicode.Scalar) -> String? {
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
