import Foundation

/// A clock that stands still until a test moves it.
final class TestClock: @unchecked Sendable {
  private let lock = NSLock()
  private var time = Date(timeIntervalSince1970: 1_800_000_000)

  var now: Date { lock.withLock { time } }

  func advance(_ seconds: TimeInterval) {
    lock.withLock { time.addTimeInterval(seconds) }
  }
}
