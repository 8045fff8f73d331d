import Foundation
import Store

/// A clock that stands still until a test moves it.
final class TestClock: @unchecked Sendable {
  private let lock = NSLock()
  private var time = Date(timeIntervalSince1970: 1_800_000_000)
  private var steady: Int64 = 5_000_000
  private var boot = "boot 1"
  private var changed: (@Sendable (Date) -> Void)?

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
    lock.withLock { steady += Int64((seconds * 1000).rounded()) }
    step(seconds)
  }

  /// Sets the time of day.
  func step(_ seconds: TimeInterval) {
    lock.lock()
    time.addTimeInterval(seconds)
    let (now, changed) = (time, changed)
    lock.unlock()
    changed?(now)
  }

  /// Calls `body` with every new time of day, for a store that asks another clock.
  func onChange(_ body: @escaping @Sendable (Date) -> Void) { lock.withLock { changed = body } }

  /// Starts the machine again.
  func reboot() {
    lock.withLock {
      boot += "+1"
      steady = 0
    }
  }
}
