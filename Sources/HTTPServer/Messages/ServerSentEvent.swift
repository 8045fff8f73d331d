/// One event of a `text/event-stream` (WHATWG HTML, §9.2 "Server-sent events").
public struct ServerSentEvent: Sendable, Equatable {
  /// The stream's media type. Always UTF-8, so it has no charset.
  public static let mediaType = "text/event-stream"
  /// A comment, which clients skip.
  public static let comment: [UInt8] = Array(": waiting\n\n".utf8)

  /// What the client names in `Last-Event-ID` when it comes back; nil leaves that as it was.
  public var id: String?
  /// The event's type; nil means `message`.
  public var event: String?
  /// The content, of any number of lines.
  public var data: String
  /// Milliseconds that the client shall wait before it comes back.
  public var retry: Int?

  /// An event of these parts.
  public init(id: String? = nil, event: String? = nil, data: String, retry: Int? = nil) {
    self.id = id
    self.event = event
    self.data = data
    self.retry = retry
  }

  /// The event as it stands in the stream.
  public var bytes: [UInt8] {
    var text = ""
    if let retry { text += "retry: \(retry)\n" }
    if let id { text += "id: \(Self.oneLine(id))\n" }
    if let event { text += "event: \(Self.oneLine(event))\n" }
    // Each of the three ends a line there, and each is one Character.
    let lines = data.split(omittingEmptySubsequences: false) {
      $0 == "\n" || $0 == "\r" || $0 == "\r\n"
    }
    for line in lines { text += "data: \(line)\n" }
    return Array((text + "\n").utf8)
  }

  /// A line end would begin another field, and clients ignore an id with NUL.
  private static func oneLine(_ text: String) -> String {
    text.filter { !["\n", "\r", "\r\n", "\0"].contains($0) }
  }
}
