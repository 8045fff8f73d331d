import Foundation

/// Times in lists.
package enum ListedDate {
  /// Seconds since 1970 as `2026-01-31T12:00:00Z`.
  package static func text(_ seconds: Int) -> String {
    Date(timeIntervalSince1970: TimeInterval(seconds)).formatted(.iso8601)
  }
}
