import Synchronization

/// One piece of work of a lane, from the moment it is asked for to its end.
public final class WorkTurn: Sendable {
  /// Why there will be no result.
  enum Failure {
    /// The lane had no room.
    case full
    /// The time was up.
    case late
    /// Nobody wants it any more.
    case abandoned
  }

  /// Does the work and returns how to tell of it.
  typealias Work = @Sendable (WorkTurn) -> @Sendable () -> Void

  private struct State {
    var work: Work?
    var failure: (@Sendable (Failure) -> Void)?
  }

  /// Whose it is; empty for nobody's in particular.
  let party: String
  /// When its answer is no longer waited for, by the lane's clock.
  let deadline: UInt64
  private let state: Mutex<State>
  private let over = Atomic<Bool>(false)
  private let lane: WorkLaneCore

  init(
    party: String, deadline: UInt64, work: @escaping Work,
    failure: @escaping @Sendable (Failure) -> Void,
    lane: WorkLaneCore
  ) {
    self.party = party
    self.deadline = deadline
    self.lane = lane
    state = Mutex(State(work: work, failure: failure))
  }

  /// Whether nobody waits for the result any more: the client has left, the time is up, or the server
  /// stops. Work that can should then end.
  public var isCancelled: Bool { over.load(ordering: .acquiring) }

  /// Throws if nobody waits for the result any more.
  public func check() throws { if isCancelled { throw Self.cancelled } }

  /// Gives it up: work that waits is dropped, work under way asked to end.
  public func cancel() {
    guard let tell = conclude() else { return }
    lane.drop(self)
    tell(.abandoned)
  }

  var isOver: Bool { isCancelled }

  /// Tells whoever waits that nothing will come of it; false if that has been told, or the result.
  @discardableResult
  func fail(_ reason: Failure) -> Bool {
    guard let tell = conclude() else { return false }
    tell(reason)
    return true
  }

  /// Does the work, on a thread of the lane.
  /// - Returns: how to tell of it, if somebody still waits.
  func run() -> (@Sendable () -> Void)? {
    guard let work = state.withLock({ $0.work.take() }) else { return nil }
    let tell = work(self)
    return conclude() == nil ? nil : tell
  }

  /// The first one to conclude tells of it; what the turn held is let go of.
  private func conclude() -> (@Sendable (Failure) -> Void)? {
    let failure = state.withLock { state in
      state.work = nil
      return state.failure.take()
    }
    if failure != nil { over.store(true, ordering: .releasing) }
    return failure
  }

  static let cancelled = ProblemDetails(
    .serviceUnavailable, code: "cancelled",
    detail: "Nobody waits for this any more, or the server is about to stop.", retryAfter: 1)
}
