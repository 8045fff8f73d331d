import Foundation

/// How serious an event is.
public enum EventLevel: String, CaseIterable, Codable, Sendable {
  /// Normal course.
  case info
  /// Worth a look.
  case warning
  /// Something failed.
  case error
}

/// A line of a job's log, before it has a number.
public struct NewEvent: Equatable, Sendable {
  /// How serious it is.
  public var level: EventLevel
  /// What kind it is, for programs. 1 to 256 bytes.
  public var type: String
  /// What happened, for people.
  public var message: String
  /// Details as JSON.
  public var data: Data?

  /// An event; the store validates it when appended.
  public init(level: EventLevel = .info, type: String, message: String, data: Data? = nil) {
    self.level = level
    self.type = type
    self.message = message
    self.data = data
  }
}

/// A line of a job's log.
public struct EventRecord: Equatable, Sendable {
  /// 1 for the job's first event, then counting up without gaps.
  public let sequence: Int64
  /// What was appended.
  public let event: NewEvent
  /// When it was appended.
  public var createdAt: Date

  /// All fields.
  package init(
    sequence: Int64, event: NewEvent, createdAt: Date
  ) {
    self.sequence = sequence
    self.event = event
    self.createdAt = createdAt
  }
}
