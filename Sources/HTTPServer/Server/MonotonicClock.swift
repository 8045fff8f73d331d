import Glibc

/// Nanoseconds of the clock that no one sets (clock_gettime(2), CLOCK_MONOTONIC).
enum MonotonicClock {
  static var now: UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
  }

  /// Nanoseconds from then to now; zero if then is later.
  static func elapsed(since then: UInt64) -> UInt64 {
    let now = now
    return now > then ? now - then : 0
  }
}

extension Duration {
  /// The duration as nanoseconds, from 0 to 292 years.
  var nanoseconds: UInt64 {
    let (seconds, attoseconds) = components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    let (product, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, carry) = product.addingReportingOverflow(UInt64(attoseconds / 1_000_000_000))
    return overflow || carry ? UInt64(Int64.max) : min(sum, UInt64(Int64.max))
  }
}
