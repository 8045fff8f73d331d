import Foundation
import Store

/// A clock that stands still until a test moves it.
final class TestClock: @unchecked Sendable {
  private let lock = NSLock()
  private var time = Date(timeIntervalSince1970: 1_800_000_000)
  private var steady: Int64 = 5_000_000
  private var boot = "boot 1"

  /// The time of day.
  var now: Date { lock.withLock { time } }

  /// What a store opened now goes by.
  var store: StoreClock {
    StoreClock(
      boot: lock.withLock { boot }, date: { self.now },
      steady: { self.lock.withLock { self.steady } })
  }

  /// Lets time pass.
  func advance(_ seconds: TimeInterval) {
    lock.withLock {
      time.addTimeInterval(seconds)
      steady += Int64((seconds * 1000).rounded())
    }
  }

  /// Sets the time of day.
  func step(_ seconds: TimeInterval) { lock.withLock { time.addTimeInterval(seconds) } }

  /// Starts the machine again.
  func reboot() {
    lock.withLock {
      boot += "+1"
      steady = 0
    }
  }
}
