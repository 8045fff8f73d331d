import Foundation

/// How often, and after what pauses, a request is made again that may find a better answer.
public struct RetryPolicy: Sendable {
  /// Requests in all, at least one.
  public var attempts = 6
  /// Seconds before the second request, at most; each further pause may be twice as long.
  public var firstPause: TimeInterval = 0.1
  /// Seconds of one pause at most, whatever the store asks for.
  public var longestPause: TimeInterval = 5
  /// Waits so many seconds.
  public var wait: @Sendable (TimeInterval) -> Void = { Thread.sleep(forTimeInterval: $0) }

  /// The values that the members have by themselves.
  public init() {}

  /// Seconds before attempt number `attempt` + 1: anything up to a bound that doubles, so that many
  /// clients of a store that comes back do not come back together
  /// (https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/).
  /// - Parameter asked: what the store said in `Retry-After`.
  func pause(after attempt: Int, asked: TimeInterval?) -> TimeInterval {
    let bound = min(longestPause, firstPause * pow(2, Double(max(0, min(attempt - 1, 30)))))
    return min(longestPause, max(asked ?? 0, Double.random(in: 0...max(0, bound))))
  }
}
