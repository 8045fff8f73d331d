import HTTPServer
import Testing

@Suite struct AcceptFieldTests {
  static let cases: [(String?, String?)] = [
    (nil, "a/json"), ("", "a/json"), ("*/*", "a/json"), ("text/event-stream", "text/event-stream"),
    ("TEXT/Event-Stream", "text/event-stream"), ("text/*", "text/event-stream"),
    ("a/json;q=0.5, text/event-stream;q=0.6", "text/event-stream"),
    ("a/json;q=0.6 , text/event-stream ; q=0.5", "a/json"),
    // The closest range counts, not the most generous one (RFC 9110 §12.5.1).
    ("*/*, a/json;q=0.1", "text/event-stream"),
    ("text/*;q=0.2, text/event-stream;q=0, */*;q=0.1", "a/json"),
    ("text/html", nil), ("a/json;q=0", nil), ("*/*;q=0", nil),
    ("nonsense, ,;q=1, text/event-stream;charset=utf-8", "text/event-stream"),
    ("a/json;q=nonsense, text/event-stream;q=0.01", "text/event-stream"),
  ]

  @Test(arguments: cases)
  func theMostWelcomeTypeIsChosen(field: String?, chosen: String?) {
    #expect(AcceptField(field).preferred(among: ["a/json", "text/event-stream"]) == chosen)
  }
}
