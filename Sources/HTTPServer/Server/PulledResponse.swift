import Dispatch
import Foundation
import Glibc
import Synchronization

/// One pulled body on its way to one client.
///
/// It takes turns on a worker: reads a piece, writes what the socket takes, and so on. When the
/// socket takes nothing the piece is let go and the worker too; the socket's readiness brings the
/// next turn. So slow clients cost a socket each and nothing else.
final class PulledResponse: Sendable {
  /// What became of the body.
  struct Outcome: Sendable {
    /// Why it is incomplete; nil when it came to its end.
    let error: (any Error)?
    let bodyBytes: Int64
    /// Whether nothing has been sent, not even the head.
    let isUntouched: Bool
  }

  private struct State {
    /// The head and the first bytes, in one buffer: two writes would be two packets.
    var first: [UInt8] = []
    /// How many of those are not sent yet; nil before they are there.
    var firstLeft: Int?
    var hasSent = false
    /// Bytes of the body that are sent or in `first`.
    var position: Int64 = 0
    /// The place that must be passed for the client to count as reading.
    var mark: Int64 = 0
    var writable: EventSource?
    var outcome: Outcome?
  }

  private enum Step {
    case again
    case blocked
    case ended(Outcome)
  }

  /// Bytes that one turn may send, so that many fast clients share the workers.
  private static let turn: Int64 = 4 << 20

  private let head: [UInt8]
  private let length: Int64
  private let read: Response.Read
  private let transport: any Transport
  private let timeout: UInt64
  private let queue: DispatchQueue
  private let workers: WorkerPool
  private let ended: @Sendable (Outcome) -> Void
  private let state = Mutex(State())
  /// When the client last passed a mark; 0 while it is this server's turn.
  private let waitingSince = Atomic<UInt64>(0)
  private let isTooSlow = Atomic<Bool>(false)

  /// - Parameters:
  ///   - timeout: time the client has to take each 64 KiB.
  ///   - queue: where the socket's readiness is told.
  ///   - ended: called once, on a worker or on `queue`.
  init(
    head: [UInt8], length: Int64, read: @escaping Response.Read, transport: any Transport,
    timeout: Duration, queue: DispatchQueue, workers: WorkerPool,
    ended: @escaping @Sendable (Outcome) -> Void
  ) {
    self.head = head
    self.length = length
    self.read = read
    self.transport = transport
    self.timeout = timeout.nanoseconds
    self.queue = queue
    self.workers = workers
    self.ended = ended
  }

  func start() { schedule() }

  /// Whether the client has had its time. It must then be interrupted, which brings the last turn.
  func isOverdue(now: UInt64) -> Bool {
    let since = waitingSince.load(ordering: .acquiring)
    guard since != 0, now > since, now - since > timeout else { return false }
    isTooSlow.store(true, ordering: .releasing)
    return true
  }

  private func schedule() {
    if !workers.submit({ self.takeTurn() }) {
      // There are no more downloads than connections, and the queue has room for those.
      end(.ended(outcome(ServerError.connectionLost, State())))
    }
  }

  private func takeTurn() {
    end(state.withLock { state in advance(&state) })
  }

  private func end(_ step: Step) {
    switch step {
    case .again: schedule()
    case .blocked: break
    case .ended(let outcome):
      let writable = state.withLock { state in
        state.outcome = outcome
        return state.writable
      }
      // The descriptor must stay open until Dispatch has let go of it: the source's end ends this.
      // It is suspended whenever a turn is taken, and its end comes only once it is resumed.
      guard let writable else { return ended(outcome) }
      writable.cancel()
      writable.resume()
    }
  }

  private func advance(_ state: inout State) -> Step {
    if isTooSlow.load(ordering: .acquiring) {
      return .ended(outcome(ServerError.writeTimedOut, state))
    }
    do {
      if state.firstLeft == nil { try begin(&state) }
      let limit = state.position + Self.turn
      while true {
        let result: TransportResult
        if let left = state.firstLeft, left > 0 {
          result = state.first.withUnsafeBytes {
            transport.write(UnsafeRawBufferPointer(rebasing: $0.suffix(left)))
          }
        } else if state.position == length {
          return .ended(outcome(nil, state))
        } else if state.position >= limit {
          return .again
        } else {
          result = try piece(at: state.position).withUnsafeBytes { transport.write($0) }
        }
        switch result {
        case .bytes(let count): took(count, &state)
        // Writing must wait for bytes of the peer in a handshake only, and that is over.
        case .wait(let events) where events & Int16(POLLOUT) != 0:
          wait(&state)
          return .blocked
        case .wait, .end, .failed: return .ended(outcome(ServerError.connectionLost, state))
        }
      }
    } catch {
      return .ended(outcome(error, state))
    }
  }

  private func begin(_ state: inout State) throws {
    let piece = try piece(at: 0).prefix(DeadlineWriter.pieceSize)
    state.first = head + piece
    state.firstLeft = state.first.count
    state.position = Int64(piece.count)
    NotSentLimit.set(on: transport.descriptor)
  }

  private func piece(at offset: Int64) throws -> Data {
    let piece = try read(offset).prefix(Int(clamping: length - offset))
    guard !piece.isEmpty else {
      throw ServerError.bodyLengthMismatch(promised: length, produced: offset)
    }
    return piece
  }

  private func took(_ count: Int, _ state: inout State) {
    state.hasSent = true
    if let left = state.firstLeft, left > 0 {
      state.firstLeft = left - count
      if left == count { state.first = [] }
    } else {
      state.position += Int64(count)
    }
    if sent(state) >= state.mark {
      state.mark = sent(state) + Int64(DeadlineWriter.pieceSize)
      waitingSince.store(0, ordering: .releasing)
    }
  }

  /// Bytes of the body that the socket has taken.
  private func sent(_ state: State) -> Int64 {
    max(0, state.position - Int64(state.firstLeft ?? 0))
  }

  private func outcome(_ error: (any Error)?, _ state: State) -> Outcome {
    Outcome(error: error, bodyBytes: sent(state), isUntouched: !state.hasSent)
  }

  /// The source is suspended except between here and its event.
  private func wait(_ state: inout State) {
    if waitingSince.load(ordering: .acquiring) == 0 {
      waitingSince.store(MonotonicClock.now, ordering: .releasing)
    }
    if let writable = state.writable { return writable.resume() }
    let writable = EventSource.writable(transport.descriptor, queue: queue)
    state.writable = writable
    writable.onEvent { [self] in
      writable.suspend()
      schedule()
    } cancelled: { [self] in
      let outcome = self.state.withLock { state in
        state.writable = nil
        return state.outcome
      }
      if let outcome { ended(outcome) }
    }
    writable.resume()
  }
}
