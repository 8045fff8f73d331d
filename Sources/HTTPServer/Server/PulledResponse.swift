import Dispatch
import Foundation
import Glibc
import Synchronization

/// One pulled body, or what a socket did not take at once of a response in memory, on its way to one
/// client.
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

  /// What it works with.
  struct Context: Sendable {
    let transport: any Transport
    /// Time the client has to take each 64 KiB.
    let timeout: Duration
    let waitUntilWritable: WritableWait
    let workers: WorkerPool
  }

  private struct State {
    /// The head and the first bytes, in one buffer: two writes would be two packets.
    var first: [UInt8] = []
    /// How many of those are not sent yet; nil before they are there.
    var firstLeft: Int?
    /// Bytes that the socket has taken, the head among them.
    var taken: Int64 = 0
    /// Bytes of the body that are sent or in `first`.
    var position: Int64 = 0
    /// Whether the socket may hold more, for a client that reads fast.
    var isFast = false
  }

  private enum Step {
    case again
    case blocked
    case ended(Outcome)
  }

  /// Bytes that one turn may send, so that many fast clients share the workers.
  private static let turn: Int64 = 4 << 20
  /// Bytes of the body that leave with the head, and that the client has one timeout for.
  private static let stride = 64 * 1024

  private let head: [UInt8]
  private let length: Int64
  private let read: Response.Read
  private let context: Context
  private let ended: @Sendable (Outcome) -> Void
  private let state: Mutex<State>
  /// Since when the socket has taken nothing, or when the client last took a stride; 0 while it is
  /// this server's turn.
  private let waitingSince = Atomic<UInt64>(0)
  /// Bytes that were in the socket then.
  private let queued = Atomic<Int>(0)
  private let isTooSlow = Atomic<Bool>(false)

  /// - Parameter ended: called once, on a thread of Dispatch.
  init(
    head: [UInt8], length: Int64, read: @escaping Response.Read, context: Context,
    ended: @escaping @Sendable (Outcome) -> Void
  ) {
    self.head = head
    self.length = length
    self.read = read
    self.context = context
    self.ended = ended
    state = Mutex(State())
  }

  /// A response in memory, of which the socket has taken the first bytes.
  init(
    _ bytes: [UInt8], sent: Int, context: Context, ended: @escaping @Sendable (Outcome) -> Void
  ) {
    head = []
    length = 0
    read = { _ in Data() }
    self.context = context
    self.ended = ended
    state = Mutex(State(first: bytes, firstLeft: bytes.count - sent, taken: Int64(sent)))
  }

  func start() {
    SendQueue.setLimit(SendQueue.small, on: context.transport.descriptor)
    schedule()
  }

  /// Whether the client has had its time. It must then be interrupted, which brings the last turn.
  func isOverdue(now: UInt64) -> Bool {
    let since = waitingSince.load(ordering: .acquiring)
    guard since != 0, now > since, now - since > context.timeout.nanoseconds else { return false }
    // The socket may have taken more than the client can read in that time.
    let count = SendQueue.count(on: context.transport.descriptor)
    if queued.load(ordering: .acquiring) - count >= Self.stride {
      queued.store(count, ordering: .releasing)
      // Not if its turn has come meanwhile.
      _ = waitingSince.compareExchange(
        expected: since, desired: now, ordering: .acquiringAndReleasing)
      return false
    }
    isTooSlow.store(true, ordering: .releasing)
    return true
  }

  private func schedule() {
    if context.workers.submit({ _ in self.takeTurn() }) { return }
    // There are no more downloads than connections, and the queue has room for those.
    DispatchQueue.global().async { [self] in
      end(.ended(state.withLock { outcome(ServerError.connectionLost, $0) }))
    }
  }

  private func takeTurn() {
    end(state.withLock { state in advance(&state) })
  }

  private func end(_ step: Step) {
    switch step {
    case .again: schedule()
    case .blocked:
      queued.store(SendQueue.count(on: context.transport.descriptor), ordering: .releasing)
      waitingSince.store(MonotonicClock.now, ordering: .releasing)
      context.waitUntilWritable { self.schedule() }
    case .ended(let outcome): ended(outcome)
    }
  }

  private func advance(_ state: inout State) -> Step {
    if isTooSlow.load(ordering: .acquiring) {
      return .ended(outcome(ServerError.writeTimedOut, state))
    }
    adapt(&state)
    do {
      if state.firstLeft == nil { try begin(&state) }
      let limit = state.position + Self.turn
      while true {
        let result: TransportResult
        if let left = state.firstLeft, left > 0 {
          result = state.first.withUnsafeBytes {
            context.transport.write(UnsafeRawBufferPointer(rebasing: $0.suffix(left)))
          }
        } else if state.position == length {
          return .ended(outcome(nil, state))
        } else if state.position >= limit {
          return .again
        } else {
          result = try piece(at: state.position).withUnsafeBytes { context.transport.write($0) }
        }
        switch result {
        case .bytes(let count): took(count, &state)
        // Writing must wait for bytes of the peer in a handshake only, and that is over.
        case .wait(let events) where events & Int16(POLLOUT) != 0:
          return .blocked
        case .wait, .end, .failed: return .ended(outcome(ServerError.connectionLost, state))
        }
      }
    } catch {
      return .ended(outcome(error, state))
    }
  }

  private func begin(_ state: inout State) throws {
    let piece = try piece(at: 0).prefix(Self.stride)
    state.first = head + piece
    state.firstLeft = state.first.count
    state.position = Int64(piece.count)
  }

  /// Ends a wait: how long it was shows how fast the client reads.
  private func adapt(_ state: inout State) {
    let since = waitingSince.exchange(0, ordering: .acquiringAndReleasing)
    guard since != 0 else { return }
    let waited = MonotonicClock.elapsed(since: since)
    guard state.isFast ? waited > 100_000_000 : waited < 10_000_000 else { return }
    state.isFast.toggle()
    SendQueue.setLimit(
      state.isFast ? SendQueue.large : SendQueue.small, on: context.transport.descriptor)
  }

  private func piece(at offset: Int64) throws -> Data {
    let piece = try read(offset).prefix(Int(clamping: length - offset))
    guard !piece.isEmpty else {
      throw ServerError.bodyLengthMismatch(promised: length, produced: offset)
    }
    return piece
  }

  private func took(_ count: Int, _ state: inout State) {
    state.taken += Int64(count)
    if let left = state.firstLeft, left > 0 {
      state.firstLeft = left - count
      if left == count { state.first = [] }
    } else {
      state.position += Int64(count)
    }
  }

  private func outcome(_ error: (any Error)?, _ state: State) -> Outcome {
    Outcome(
      error: error, bodyBytes: max(0, state.taken - Int64(head.count)),
      isUntouched: state.taken == 0)
  }
}
