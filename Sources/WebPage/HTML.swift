import Charts

/// A piece of HTML. What is interpolated into it is text, and escaped, unless it is HTML itself: so
/// nothing that users write can become markup.
package struct HTML: Sendable, Equatable, ExpressibleByStringInterpolation {
  /// The markup.
  package let text: String

  /// Markup as it stands in the source.
  package init(stringLiteral value: String) { text = value }

  /// Markup with text in it.
  package init(stringInterpolation: StringInterpolation) { text = stringInterpolation.text }

  /// Markup that is known to be that: a file of this folder.
  init(trusted text: String) { self.text = text }

  /// Puts pieces and texts together.
  package struct StringInterpolation: StringInterpolationProtocol {
    fileprivate var text = ""

    /// An empty piece.
    package init(literalCapacity: Int, interpolationCount: Int) {
      text.reserveCapacity(literalCapacity)
    }

    /// Markup.
    package mutating func appendLiteral(_ literal: String) { text += literal }
    /// Text, for elements and for attributes in double quotes.
    package mutating func appendInterpolation(_ value: String) { text += HTML.escaped(value) }
    /// A number.
    package mutating func appendInterpolation(_ value: Int) { text += String(value) }
    /// A piece.
    package mutating func appendInterpolation(_ piece: HTML) { text += piece.text }
    /// Pieces one after the other.
    package mutating func appendInterpolation(_ pieces: [HTML]) {
      for piece in pieces { text += piece.text }
    }
    /// A piece, or nothing.
    package mutating func appendInterpolation(_ piece: HTML?) { text += piece?.text ?? "" }
  }

  /// One piece after the other.
  package static func + (left: HTML, right: HTML) -> HTML {
    HTML(trusted: left.text + right.text)
  }

  /// Text that a user wrote: isolated, so that letters of the other direction do not turn around what
  /// stands beside it.
  package static func name(_ text: String) -> HTML { "<bdi>\(text)</bdi>" }

  /// Control characters, for which HTML has no place (§13.1.4), become replacement characters.
  private static func escaped(_ text: String) -> String {
    MarkupText.escaped(text) { scalar in
      switch scalar {
      case "\t", "\n": scalar
      case _ where scalar.properties.generalCategory == .control: "\u{FFFD}"
      default: scalar
      }
    }
  }
}

extension Sequence where Element == HTML {
  /// The pieces with `separator` between them.
  package func joined(_ separator: HTML) -> HTML {
    HTML(trusted: map(\.text).joined(separator: separator.text))
  }
}
