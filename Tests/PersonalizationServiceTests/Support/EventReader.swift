import Foundation
import Glibc
import HTTPServer
import PersonalizationClient
import ServiceAPI

/// One connection with an event stream on it.
final class EventReader {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  let status: Int
  let head: String
  /// Comments so far.
  private(set) var comments = 0
  /// Whether the body came to its announced end.
  private(set) var isComplete = false
  private let descriptor: Int32
  private var received: [UInt8]
  private var parser = EventStreamParser()
  private var events: [EventStreamParser.Event] = []

  /// Connects and reads the head of the answer.
  init(_ client: HTTPClient, job: String, query: String = "", lastID: String? = nil) throws {
    descriptor = try client.connected()
    var request = "GET /jobs/\(job)/events\(query) HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    request += "Accept: text/event-stream\r\n"
    for (name, value) in client.fields { request += "\(name): \(value)\r\n" }
    if let lastID { request += "Last-Event-ID: \(lastID)\r\n" }
    try client.write(Data((request + "\r\n").utf8), to: descriptor)
    received = []
    let end = Array("\r\n\r\n".utf8)
    while received.firstRange(of: end) == nil, try Self.receive(descriptor, &received) {}
    guard let range = received.firstRange(of: end) else {
      throw Failure(description: "no head: \(String(decoding: received, as: UTF8.self))")
    }
    head = String(decoding: received[..<range.lowerBound], as: UTF8.self)
    status = head.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    received.removeFirst(range.upperBound)
  }

  deinit { close(descriptor) }

  /// The next event; nil at the end of the stream.
  func next() throws -> EventStreamParser.Event? {
    while events.isEmpty {
      guard let chunk = try chunk() else { return nil }
      if chunk == ServerSentEvent.comment { comments += 1 }
      events = parser.append(Data(chunk)) ?? []
    }
    return events.removeFirst()
  }

  /// Waits for a comment that breaks the silence.
  func waitForComment() throws {
    let before = comments
    while comments == before {
      guard let chunk = try chunk() else { throw Failure(description: "the stream has ended") }
      if chunk == ServerSentEvent.comment { comments += 1 }
      events += parser.append(Data(chunk)) ?? []
    }
  }

  /// All events up to the end.
  func rest() throws -> [EventStreamParser.Event] {
    var all: [EventStreamParser.Event] = []
    while let event = try next() { all.append(event) }
    return all
  }

  private func chunk() throws -> [UInt8]? {
    if isComplete { return nil }
    let end = Array("\r\n".utf8)
    while received.firstRange(of: end) == nil, try Self.receive(descriptor, &received) {}
    guard let range = received.firstRange(of: end),
      let size = Int(String(decoding: received[..<range.lowerBound], as: UTF8.self), radix: 16)
    else { throw Failure(description: "the stream was cut") }
    received.removeFirst(range.upperBound)
    while received.count < size + 2, try Self.receive(descriptor, &received) {}
    guard received.count >= size + 2 else { throw Failure(description: "the stream was cut") }
    let chunk = Array(received.prefix(size))
    received.removeFirst(size + 2)
    isComplete = size == 0
    return isComplete ? nil : chunk
  }

  private static func receive(_ descriptor: Int32, _ received: inout [UInt8]) throws -> Bool {
    var buffer = [UInt8](repeating: 0, count: 16 * 1024)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    guard count >= 0 else { throw HTTPClient.Failure(call: "recv", errno: errno) }
    received += buffer.prefix(count)
    return count > 0
  }
}

extension EventStreamParser.Event {
  /// A line of the log.
  var line: JobEventResource? {
    type == "log"
      ? try? JSONDecoder().decode(JobEventResource.self, from: Data(data.utf8)) : nil
  }

  /// The job.
  var job: JobResource? {
    type == "log" ? nil : try? JSONDecoder().decode(JobResource.self, from: Data(data.utf8))
  }
}
