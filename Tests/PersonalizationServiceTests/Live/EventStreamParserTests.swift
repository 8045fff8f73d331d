import Foundation
import PersonalizationClient
import Testing

@Suite struct EventStreamParserTests {
  typealias Event = EventStreamParser.Event

  /// The examples of WHATWG HTML, §9.2.6, and what its text says beside them.
  static let streams: [(String, [Event])] = [
    (
      "data: YHOO\ndata: +2\ndata: 10\n\n", [Event(data: "YHOO\n+2\n10", lastID: "")]
    ),
    (
      ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n",
      [Event(data: "first event", lastID: "1"), Event(data: "second event", lastID: "")]
    ),
    ("data\n\ndata\ndata\n\ndata:", [Event(data: "", lastID: ""), Event(data: "\n", lastID: "")]),
    (
      "data:test\n\ndata: test\n\n",
      [Event(data: "test", lastID: ""), Event(data: "test", lastID: "")]
    ),
    // All line ends, and CR LF is one.
    (
      "event: a\r\ndata: 1\r\n\r\nevent: b\rdata: 2\r\rdata: 3\n\n",
      [
        Event(type: "a", data: "1", lastID: ""), Event(type: "b", data: "2", lastID: ""),
        Event(data: "3", lastID: ""),
      ]
    ),
    // An id stays until there is another one, events without data are none, unknown fields are
    // skipped, and so is an id with NUL.
    (
      "\u{FEFF}id: 5\nevent: x\n\nfoo: bar\ndata: é\n\nid: \0\ndata: y\n\nid: 6\ndata: z\n\n",
      [Event(data: "é", lastID: "5"), Event(data: "y", lastID: "5"), Event(data: "z", lastID: "6")]
    ),
  ]

  @Test(arguments: streams) func streamsAreRead(text: String, events: [Event]) {
    var whole = EventStreamParser()
    #expect(whole.append(Data(text.utf8)) == events)
    // And the same in pieces of one byte.
    var pieces = EventStreamParser()
    #expect(text.utf8.flatMap { pieces.append(Data([$0])) ?? [] } == events)
    #expect(pieces.lastID == whole.lastID)
  }

  @Test func retryIsKept() {
    var parser = EventStreamParser()
    #expect(parser.append(Data("retry: 10\n\nretry: x\n\nretry: -1\n\n".utf8)) == [])
    #expect(parser.retry == 10)
  }

  @Test func endlessLinesAreRefused() {
    var parser = EventStreamParser()
    let piece = Data(repeating: UInt8(ascii: "x"), count: 1 << 20)
    #expect((0..<5).contains { _ in parser.append(piece) == nil })
  }
}
