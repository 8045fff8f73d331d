import PersonalizationService
import Testing
import WebPage

@Suite struct HTMLTests {
  @Test(arguments: [
    ("plain", "plain"),
    ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
    ("\" onload='x' &amp;", "&quot; onload=&#39;x&#39; &amp;amp;"),
    // One Character, but still the two scalars of markup and a mark.
    ("<\u{301}b>", "&lt;\u{301}b&gt;"),
    ("a\0b\u{1B}c\u{85}d", "a\u{FFFD}b\u{FFFD}c\u{FFFD}d"),
    ("tab\tline\n", "tab\tline\n"),
    ("naïve 日本 \u{202E}", "naïve 日本 \u{202E}"),
  ])
  func textIsEscaped(text: String, html: String) {
    let piece: HTML = "<b title=\"\(text)\">\(text)</b>"
    #expect(piece.text.utf8.elementsEqual("<b title=\"\(html)\">\(html)</b>".utf8))
  }

  @Test func piecesAreNot() {
    let items: [HTML] = ["<i>1</i>", "<i>2</i>"]
    let none: HTML? = nil
    let whole: HTML = "<p>\(items)\(none)\(3)\(HTML.name("<"))</p>"
    #expect(whole.text == "<p><i>1</i><i>2</i>3<bdi>&lt;</bdi></p>")
    #expect(items.joined(", ").text == "<i>1</i>, <i>2</i>")
  }
}
