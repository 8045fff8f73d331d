import Synchronization

/// What the engines of one piece of work have allocated: weights, gradients, copies in other layouts
/// and activations. Every engine that is made while an account is `current` books its memory there,
/// until it is freed.
public final class MemoryAccount: Sendable {
  /// The account of the work that the calling thread does; nil keeps none.
  @TaskLocal public static var current: MemoryAccount?

  private struct State {
    var bytes = 0
    var peak = 0
    var isExpected = true
  }

  /// Bytes beyond which nothing more is allocated.
  public let limit: Int
  private let expected: Int
  private let onExcess: @Sendable (Int) -> Void
  private let state = Mutex(State())

  /// An account that refuses allocations which would take it beyond `limit` bytes. `onExcess` is
  /// called once, with the new total, before the allocation that takes it beyond `expected`.
  public init(
    limit: Int = .max, expected: Int = .max, onExcess: @escaping @Sendable (Int) -> Void = { _ in }
  ) {
    self.limit = max(0, limit)
    self.expected = expected
    self.onExcess = onExcess
  }

  /// Bytes that are allocated now.
  public var bytes: Int { state.withLock(\.bytes) }
  /// The most that was allocated at any time.
  public var peak: Int { state.withLock(\.peak) }

  /// Books bytes that are about to be allocated.
  /// - Throws: `TrainingError.memoryLimit` when they would exceed the limit.
  func reserve(_ count: Int) throws(TrainingError) {
    let total: Int? = state.withLock { state in
      let (sum, overflows) = state.bytes.addingReportingOverflow(count)
      guard !overflows, sum <= limit else { return nil }
      state.bytes = sum
      state.peak = max(state.peak, sum)
      return sum
    }
    guard let total else {
      throw .memoryLimit(bytes: Int(clamping: UInt(bytes) + UInt(max(0, count))), limit: limit)
    }
    guard total > expected else { return }
    let isFirst = state.withLock { state in
      defer { state.isExpected = false }
      return state.isExpected
    }
    if isFirst { onExcess(total) }
  }

  /// Takes back what was freed.
  func release(_ count: Int) { state.withLock { $0.bytes -= count } }
}
