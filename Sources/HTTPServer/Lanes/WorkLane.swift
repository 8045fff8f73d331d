import CSystem
import Dispatch
import Foundation
import Synchronization

/// Threads of their own for work that takes long, so many and no more, with a bounded queue before
/// them and a time after which its answer is no longer waited for.
///
/// What is quick must not wait for what is slow: a lane holds none of the server's workers, and its
/// threads may have a lower priority. Work that a lane has begun is not interrupted; it is asked to
/// end (``WorkTurn/isCancelled``), and holds its thread until it does.
public final class WorkLane: Sendable {
  /// How much a lane takes on.
  public struct Bounds: Sendable, Equatable {
    /// Work under way at once: threads. At least 1.
    public var running: Int
    /// Work that may wait for a thread; more is refused. Half of the places at most are one party's.
    public var waiting: Int
    /// Time from the request to the answer, waiting and work together.
    public var deadline: Duration
    /// The threads' nice value, 0 to 19 (nice(7)): how far they stand back when cores are short.
    public var nice: Int

    /// Bounds as given.
    public init(running: Int, waiting: Int, deadline: Duration, nice: Int = 0) {
      self.running = running
      self.waiting = waiting
      self.deadline = deadline
      self.nice = nice
    }
  }

  /// What a lane does now, and what it did so far.
  public struct Statistics: Sendable, Equatable {
    /// Work under way.
    public var running: Int
    /// Work that waits for a thread.
    public var waiting: Int
    /// Refused so far because too much waited.
    public var refused: Int
    /// So far not done in time.
    public var expired: Int
    /// So far given up by whoever wanted it.
    public var cancelled: Int

    /// Counts as given.
    public init(
      running: Int = 0, waiting: Int = 0, refused: Int = 0, expired: Int = 0, cancelled: Int = 0
    ) {
      self.running = running
      self.waiting = waiting
      self.refused = refused
      self.expired = expired
      self.cancelled = cancelled
    }
  }

  /// What metrics call it.
  public let name: String
  /// How much it takes on.
  public let bounds: Bounds
  private let busy: ProblemDetails
  private let core: WorkLaneCore

  /// A lane without threads yet.
  /// - Parameter busy: the answer when too much waits or when the time is up; 503 with a
  ///   `Retry-After`.
  public convenience init(_ name: String, _ bounds: Bounds, busy: ProblemDetails) {
    self.init(name, bounds, busy: busy) { MonotonicClock.now }
  }

  /// A lane with a clock of nanoseconds.
  package init(
    _ name: String, _ bounds: Bounds, busy: ProblemDetails, clock: @escaping @Sendable () -> UInt64
  ) {
    self.name = name
    self.bounds = bounds
    self.busy = busy
    core = WorkLaneCore(name, bounds, clock: clock)
  }

  deinit { core.stop() }

  /// What it does now.
  public var statistics: Statistics { core.statistics }

  /// An answer that this lane makes. Parties take turns, see ``submit(for:_:completion:)``. When the
  /// client leaves, work that waits is dropped, and work under way asked to end.
  public func response(
    for party: String, _ work: @escaping @Sendable (WorkTurn) throws -> Response
  ) -> Response {
    .deferred(
      DeferredResponse { [self] completion in
        let turn = submit(for: party, work, completion: completion)
        return { turn.cancel() }
      })
  }

  /// Does work on a thread of the lane, at once or in its turn.
  /// - Parameters:
  ///   - party: Whose work it is, such as a user's: parties take turns, and each has half of the places to
  ///     wait in at most. Empty for nobody's in particular, without such a bound.
  ///   - completion: called once: with what came of it, or, as soon as it is known that nothing will, with
  ///     a `ProblemDetails` of status 503. On any thread; it must be quick.
  @discardableResult
  public func submit<Value: Sendable>(
    for party: String = "", _ work: @escaping @Sendable (WorkTurn) throws -> Value,
    completion: @escaping @Sendable (Result<Value, any Error>) -> Void
  ) -> WorkTurn {
    let deadline = core.clock() &+ bounds.deadline.nanoseconds
    let turn = WorkTurn(
      party: party, deadline: deadline,
      work: { turn in
        let result = Result { try work(turn) }
        return { completion(result) }
      },
      failure: { [busy] reason in
        completion(.failure(reason == .abandoned ? WorkTurn.cancelled : busy))
      }, lane: core)
    core.add(turn)
    return turn
  }

  /// Refuses work from now on, drops what waits, asks what is under way to end, and waits for that.
  /// - Returns: whether it did within `deadline`.
  @discardableResult
  public func stop(deadline: Duration) -> Bool {
    core.stop()
    return core.waitUntilIdle(deadline)
  }

  /// Looks at the deadlines, as a timer does anyway.
  package func expire() { core.expire() }
}

/// What a lane's threads hold, so that they do not keep the lane alive.
final class WorkLaneCore: Sendable {
  private struct State {
    var waiting = FairQueue()
    var running: [ObjectIdentifier: WorkTurn] = [:]
    /// Threads that tell what came of their work. Its place is free already: whoever has the answer may
    /// ask again at once.
    var telling = 0
    var threads = 0
    var isStopped = false
    var isTimerSet = false
    var idleWaiters: [DispatchSemaphore] = []
    var refused = 0
    var expired = 0
    var cancelled = 0

    var isIdle: Bool { running.isEmpty && telling == 0 }
  }

  let clock: @Sendable () -> UInt64
  private let name: String
  private let bounds: WorkLane.Bounds
  private let state = Mutex(State())
  /// A signal for each turn that waits, and for each thread when the lane stops.
  private let work = DispatchSemaphore(value: 0)

  init(_ name: String, _ bounds: WorkLane.Bounds, clock: @escaping @Sendable () -> UInt64) {
    self.name = name
    self.bounds = bounds
    self.clock = clock
  }

  private var threads: Int { max(1, bounds.running) }

  var statistics: WorkLane.Statistics {
    state.withLock { state in
      WorkLane.Statistics(
        running: state.running.count, waiting: state.waiting.count, refused: state.refused,
        expired: state.expired, cancelled: state.cancelled)
    }
  }

  func add(_ turn: WorkTurn) {
    let (isAccepted, needsThread, isStopped) = state.withLock { state in
      guard !state.isStopped else { return (false, false, true) }
      let idle = threads - state.running.count
      let places = idle + max(0, bounds.waiting)
      let own = turn.party.isEmpty ? 0 : state.waiting.count(of: turn.party)
      guard state.waiting.count < places, own < max(1, idle + bounds.waiting / 2) else {
        state.refused += 1
        return (false, false, false)
      }
      state.waiting.append(turn)
      setTimer(&state)
      let needsThread =
        state.threads < threads && state.threads < state.running.count + state.waiting.count
      if needsThread { state.threads += 1 }
      return (true, needsThread, false)
    }
    guard isAccepted else {
      turn.fail(isStopped ? .abandoned : .full)
      return
    }
    if needsThread {
      let thread = Thread { [self] in run() }
      thread.name = name
      thread.start()
    }
    work.signal()
  }

  /// Takes back what waits, and counts.
  func drop(_ turn: WorkTurn) {
    state.withLock { state in
      state.cancelled += 1
      state.waiting.removeAll { $0 === turn }
    }
  }

  func stop() {
    let (turns, threads) = state.withLock { state in
      state.isStopped = true
      defer { state.waiting = FairQueue() }
      return (state.waiting.all + state.running.values, state.threads)
    }
    for turn in turns { turn.fail(.abandoned) }
    for _ in 0..<threads { work.signal() }
  }

  func waitUntilIdle(_ duration: Duration) -> Bool {
    let waiter = DispatchSemaphore(value: 0)
    let isIdle = state.withLock { state in
      if !state.isIdle { state.idleWaiters.append(waiter) }
      return state.isIdle
    }
    if isIdle { return true }
    let nanoseconds = Int(clamping: duration.nanoseconds)
    return waiter.wait(timeout: .now() + .nanoseconds(nanoseconds)) == .success
  }

  // MARK: Threads

  private func run() {
    // A priority that cannot be lowered is no reason to refuse work.
    if bounds.nice > 0 { _ = crisp_set_thread_nice(Int32(clamping: min(bounds.nice, 19))) }
    while true {
      work.wait()
      let (turn, isStopped) = state.withLock { state -> (WorkTurn?, Bool) in
        guard let turn = state.waiting.next() else { return (nil, state.isStopped) }
        state.running[ObjectIdentifier(turn)] = turn
        return (turn, false)
      }
      if isStopped { return }
      // What the signal stood for may have been dropped.
      guard let turn else { continue }
      let tell = turn.run()
      state.withLock { state in
        state.running[ObjectIdentifier(turn)] = nil
        state.telling += 1
      }
      tell?()
      let waiters = state.withLock { state -> [DispatchSemaphore] in
        state.telling -= 1
        guard state.isIdle else { return [] }
        defer { state.idleWaiters = [] }
        return state.idleWaiters
      }
      for waiter in waiters { waiter.signal() }
    }
  }

  // MARK: Deadlines

  func expire() {
    let now = clock()
    let overdue = state.withLock { state in
      let isOverdue = { (turn: WorkTurn) in turn.deadline <= now }
      let overdue = state.waiting.all.filter(isOverdue) + state.running.values.filter(isOverdue)
      state.waiting.removeAll(where: isOverdue)
      return overdue
    }
    let count = overdue.count { $0.fail(.late) }
    state.withLock { $0.expired += count }
  }

  private func setTimer(_ state: inout State) {
    guard !state.isTimerSet else { return }
    let now = clock()
    let next = (state.waiting.all + state.running.values).filter { !$0.isOver }.map(\.deadline)
      .min()
    guard let next else { return }
    state.isTimerSet = true
    let wait = Int(clamping: next > now ? next - now : 0)
    // A little later, so that one look finds what is due at nearly the same time.
    DispatchQueue.global().asyncAfter(deadline: .now() + .nanoseconds(wait) + .milliseconds(5)) {
      [weak self] in
      guard let self else { return }
      expire()
      self.state.withLock { state in
        state.isTimerSet = false
        self.setTimer(&state)
      }
    }
  }
}
