import Dispatch
import Glibc
import Synchronization

/// One live body on its way to one client.
///
/// Everything happens in `pump`, on one serial queue. Others only leave a note and have it run: the
/// body's `wake`, the clock, the connection when the client has left. Nobody waits.
final class LiveResponse: Sendable {
  /// What became of the body.
  struct Outcome: Sendable {
    /// Why it is incomplete; nil when it came to its end.
    var error: (any Error)?
    var bodyBytes: Int64
  }

  /// Memory for so many bytes that the client has not taken; nil for few.
  typealias Reserve = @Sendable (Int) throws(MemoryBudget.Excess) -> MemoryReservation?

  private struct State {
    var unsent: [UInt8]
    var sentCount = 0
    var bodyBytes: Int64 = 0
    /// Memory for what is unsent.
    var reservation: MemoryReservation?
    /// Whether `unsent` ends the response.
    var isLast = false
    var outcome: Outcome?
  }

  private let body: any LiveBody
  private let isChunked: Bool
  private let writeTimeout: UInt64
  private let queue: DispatchQueue
  private let isDraining: @Sendable () -> Bool
  private let write: @Sendable (UnsafeRawBufferPointer) -> TransportResult
  private let waitUntilWritable: WritableWait
  private let reserve: Reserve
  private let ended: @Sendable (Outcome) -> Void
  private let state: Mutex<State>

  private let isScheduled = Atomic<Bool>(false)
  private let isIdleBytesDue = Atomic<Bool>(false)
  private let lastSent = Atomic<UInt64>(MonotonicClock.now)
  /// Since when the socket takes nothing; 0 while it does.
  private let blockedSince = Atomic<UInt64>(0)
  private let isLost = Atomic<Bool>(false)
  private let isTooSlow = Atomic<Bool>(false)

  /// - Parameters:
  ///   - write: writes what fits; called on `queue` only.
  ///   - reserve: asked before a part waits for the client; where there is no memory for it the body ends.
  ///   - ended: called once, on `queue`.
  init(
    _ body: any LiveBody, head: [UInt8], isChunked: Bool, writeTimeout: Duration,
    queue: DispatchQueue, isDraining: @escaping @Sendable () -> Bool,
    write: @escaping @Sendable (UnsafeRawBufferPointer) -> TransportResult,
    waitUntilWritable: @escaping WritableWait, reserve: @escaping Reserve,
    ended: @escaping @Sendable (Outcome) -> Void
  ) {
    self.body = body
    self.isChunked = isChunked
    self.writeTimeout = writeTimeout.nanoseconds
    self.queue = queue
    self.isDraining = isDraining
    self.write = write
    self.waitUntilWritable = waitUntilWritable
    self.reserve = reserve
    self.ended = ended
    state = Mutex(State(unsent: head))
  }

  func start() {
    body.start { [weak self] in self?.wake() }
    wake()
  }

  /// Looks soon whether there is something to send.
  func wake() {
    guard !isScheduled.exchange(true, ordering: .acquiringAndReleasing) else { return }
    queue.async { self.pump() }
  }

  /// The client has left.
  func clientLeft() {
    isLost.store(true, ordering: .releasing)
    wake()
  }

  /// Looks at the time limits.
  func sweep(now: UInt64) {
    let blocked = blockedSince.load(ordering: .acquiring)
    if blocked != 0, now > blocked, now - blocked > writeTimeout {
      isTooSlow.store(true, ordering: .releasing)
      return wake()
    }
    let last = lastSent.load(ordering: .acquiring)
    guard now > last, now - last >= body.idleInterval.nanoseconds else { return }
    isIdleBytesDue.store(true, ordering: .releasing)
    wake()
  }

  // MARK: On the queue

  private func pump() {
    isScheduled.store(false, ordering: .releasing)
    let outcome = state.withLock { state in
      state.outcome == nil && advance(&state) ? state.outcome : nil
    }
    if let outcome { finish(outcome) }
  }

  private func finish(_ outcome: Outcome) {
    body.stop()
    ended(outcome)
  }

  /// Sends what there is; true when the response has ended.
  private func advance(_ state: inout State) -> Bool {
    if isLost.load(ordering: .acquiring) { return end(ServerError.connectionLost, &state) }
    if isTooSlow.load(ordering: .acquiring) { return end(ServerError.writeTimedOut, &state) }
    // A bound, so that a body with much to tell does not keep the queue from the others.
    for _ in 0..<32 {
      switch flush(&state) {
      case .sent: state.reservation = nil
      case .blocked: return false
      case .lost: return end(ServerError.connectionLost, &state)
      }
      if state.isLast { return end(nil, &state) }
      if isDraining() {
        frameEnd(&state)
        continue
      }
      do {
        switch try body.next() {
        case .bytes(let bytes):
          frame(bytes, &state)
          state.reservation = try reserve(state.unsent.count)
        case .nothingYet:
          guard isIdleBytesDue.exchange(false, ordering: .acquiringAndReleasing) else {
            return false
          }
          frame(body.idleBytes, &state)
        case .end: frameEnd(&state)
        }
      } catch is MemoryBudget.Excess {
        return end(ServerError.answerMemoryFull, &state)
      } catch {
        return end(error, &state)
      }
    }
    wake()
    return false
  }

  private func end(_ error: (any Error)?, _ state: inout State) -> Bool {
    state.outcome = Outcome(error: error, bodyBytes: state.bodyBytes)
    state.unsent = []
    state.reservation = nil
    return true
  }

  private func frame(_ bytes: [UInt8], _ state: inout State) {
    guard !bytes.isEmpty else { return }
    state.bodyBytes += Int64(bytes.count)
    state.unsent = isChunked ? bytes.withUnsafeBytes(ChunkFraming.chunk) : bytes
    state.sentCount = 0
  }

  private func frameEnd(_ state: inout State) {
    state.unsent = isChunked ? ChunkFraming.end : []
    state.sentCount = 0
    state.isLast = true
  }

  private enum Flushed {
    case sent
    case blocked
    case lost
  }

  private func flush(_ state: inout State) -> Flushed {
    while state.sentCount < state.unsent.count {
      let result = state.unsent.withUnsafeBytes {
        write(UnsafeRawBufferPointer(rebasing: $0.dropFirst(state.sentCount)))
      }
      switch result {
      case .bytes(let count):
        state.sentCount += count
        let now = MonotonicClock.now
        lastSent.store(now, ordering: .releasing)
        blockedSince.store(0, ordering: .releasing)
        isIdleBytesDue.store(false, ordering: .releasing)
      case .wait(let events):
        if blockedSince.load(ordering: .acquiring) == 0 {
          blockedSince.store(MonotonicClock.now, ordering: .releasing)
        }
        // A transport that must read first is woken by the connection, which reads.
        if events & Int16(POLLOUT) != 0 { waitUntilWritable { self.wake() } }
        return .blocked
      case .end, .failed: return .lost
      }
    }
    return .sent
  }
}
