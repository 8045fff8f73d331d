import Foundation

/// Reads a `text/event-stream` as it comes, in pieces of any size (WHATWG HTML, §9.2.6
/// "Interpreting an event stream").
package struct EventStreamParser {
  /// What a blank line completes.
  package struct Event: Equatable {
    /// `message` unless it says otherwise.
    package var type: String
    /// Lines, joined by LF.
    package var data: String
    /// The last id so far, of this event or an earlier one.
    package var lastID: String

    /// An event of these parts.
    package init(type: String = "message", data: String, lastID: String) {
      self.type = type
      self.data = data
      self.lastID = lastID
    }
  }

  /// Longer lines, and events of more data, are not what this client expects.
  static let limit = 4 << 20

  /// The id to come back with.
  package private(set) var lastID = ""
  /// Milliseconds that the server asks a client to wait before it comes back.
  package private(set) var retry: Int?

  private var line: [UInt8] = []
  private var isAtStart = true
  private var hasReturned = false
  private var type = ""
  private var data: [UInt8] = []
  private var hasData = false
  private var newID = ""

  /// A parser at the start of a stream.
  package init() {}

  /// The events that `bytes` complete; nil when a line or an event is too long.
  package mutating func append(_ bytes: Data) -> [Event]? {
    var events: [Event] = []
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "\n") where hasReturned: hasReturned = false
      case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
        hasReturned = byte == UInt8(ascii: "\r")
        if let event = endLine() { events.append(event) }
      default:
        hasReturned = false
        line.append(byte)
      }
      guard line.count <= Self.limit, data.count <= Self.limit else { return nil }
    }
    return events
  }

  private mutating func endLine() -> Event? {
    defer { line.removeAll(keepingCapacity: true) }
    if isAtStart {
      isAtStart = false
      let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
      if line.starts(with: mark) { line.removeFirst(mark.count) }
    }
    if line.isEmpty { return dispatch() }
    let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
    let name = String(decoding: line[..<colon], as: UTF8.self)
    var value = line[colon...].dropFirst()
    if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
    switch name {
    case "event": type = String(decoding: value, as: UTF8.self)
    case "data":
      if hasData { data.append(UInt8(ascii: "\n")) }
      data += value
      hasData = true
    case "id": if !value.contains(0) { newID = String(decoding: value, as: UTF8.self) }
    case "retry":
      if value.allSatisfy({ (48...57).contains($0) }) {
        retry = Int(String(decoding: value, as: UTF8.self)) ?? retry
      }
    default: break  // comments, which have no name, and fields to come
    }
    return nil
  }

  private mutating func dispatch() -> Event? {
    lastID = newID
    defer {
      type = ""
      data = []
      hasData = false
    }
    guard hasData else { return nil }
    return Event(
      type: type.isEmpty ? "message" : type, data: String(decoding: data, as: UTF8.self),
      lastID: lastID)
  }
}
