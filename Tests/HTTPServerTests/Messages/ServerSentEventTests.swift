import HTTPServer
import Testing

@Suite struct ServerSentEventTests {
  @Test(arguments: [
    (ServerSentEvent(data: "a"), "data: a\n\n"),
    (ServerSentEvent(data: ""), "data: \n\n"),
    (
      ServerSentEvent(id: "7", event: "log", data: "{}", retry: 5),
      "retry: 5\nid: 7\nevent: log\ndata: {}\n\n"
    ),
    // All three line ends would end a field; so would they inside an id or a type.
    (ServerSentEvent(data: "a\nb\r\nc\rd"), "data: a\ndata: b\ndata: c\ndata: d\n\n"),
    (
      ServerSentEvent(id: "7\ndata: x", event: "l\r\nog\0", data: "é"),
      "id: 7data: x\nevent: log\ndata: é\n\n"
    ),
  ])
  func eventsStandInTheStream(event: ServerSentEvent, text: String) {
    #expect(String(decoding: event.bytes, as: UTF8.self) == text)
  }
}
