import Synchronization

/// How often each user may ask for a model: a token bucket for each, which holds the requests of one
/// minute and fills evenly.
///
/// Buckets that are full again are as good as none, and are let go of when there are many. Where that
/// does not help all are: a bound on memory matters more than a flood's last minute.
package final class PostRates: Sendable {
  private struct Bucket {
    var requests: Double
    var filled: ContinuousClock.Instant
  }

  /// Requests a minute.
  package let limit: Int
  private let capacity: Int
  private let buckets = Mutex<[String: Bucket]>([:])

  /// - Parameters:
  ///   - limit: requests a minute, at least 1.
  ///   - capacity: buckets in memory at once.
  package init(limit: Int, capacity: Int = 100_000) {
    self.limit = limit
    self.capacity = capacity
  }

  /// Takes a request under a name.
  /// - Parameter share: how many times the limit that name has.
  /// - Returns: nil when the request may go on, else the seconds until the next one may.
  package func wait(for name: String, share: Int = 1, at now: ContinuousClock.Instant = .now)
    -> Int?
  {
    let full = Double(limit) * Double(share)
    return buckets.withLock { buckets in
      var bucket = buckets[name] ?? Bucket(requests: full, filled: now)
      bucket.requests = min(full, bucket.requests + (now - bucket.filled) / .seconds(1) * full / 60)
      bucket.filled = now
      guard bucket.requests >= 1 else {
        buckets[name] = bucket
        return Int(max(1, ((1 - bucket.requests) * 60 / full).rounded(.up)))
      }
      bucket.requests -= 1
      if buckets[name] == nil, buckets.count >= capacity { makeRoom(in: &buckets, at: now) }
      buckets[name] = bucket
      return nil
    }
  }

  /// Buckets in memory.
  package var count: Int { buckets.withLock { $0.count } }

  /// A bucket that nobody took from for a minute is full, whatever its size.
  private func makeRoom(in buckets: inout [String: Bucket], at now: ContinuousClock.Instant) {
    buckets = buckets.filter { now - $0.value.filled < .minute }
    if buckets.count >= capacity { buckets = [:] }
  }
}

extension Duration {
  fileprivate static let minute = Duration.seconds(60)
}
