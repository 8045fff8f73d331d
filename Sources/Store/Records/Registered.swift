import Foundation

/// A record together with when it was first added.
public struct Registered<Record: Equatable & Sendable>: Equatable, Sendable {
  /// What was added.
  public let record: Record
  /// When it was first added.
  public let createdAt: Date

  package init(record: Record, createdAt: Date) {
    self.record = record
    self.createdAt = createdAt
  }
}
