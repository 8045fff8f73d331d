import Dispatch
import Synchronization

/// The open connections and their count by address.
final class ConnectionRegistry: Sendable {
  /// What a new connection may do.
  enum Admission: Equatable {
    case admitted
    /// Read and answered no further than with this problem.
    case refused(ConnectionRefusal)
    /// Closed unanswered: too many refusals are under way.
    case dropped
  }

  private struct State {
    var connections: [UInt64: Connection] = [:]
    var counts: [String: Int] = [:]
    var refused: Set<UInt64> = []
    var retired: Set<UInt64> = []
    var emptied: DispatchSemaphore?

    mutating func leave(_ address: String) {
      let count = (counts[address] ?? 0) - 1
      counts[address] = count > 0 ? count : nil
    }
  }

  /// Connections beyond the limit that are told so at any one time.
  private static let maxRefusals = 64
  /// Connections that have had their last answer and are not counted any more, at any one time; further
  /// ones are counted until they are closed.
  private static let maxRetired = 64

  private let limits: Limits
  private let state = Mutex(State())

  init(limits: Limits) {
    self.limits = limits
  }

  var all: [Connection] { state.withLock { Array($0.connections.values) } }
  var count: Int { state.withLock { $0.connections.count } }

  /// Adds a connection, within the limits or as one to be refused.
  func add(_ connection: Connection) -> Admission {
    state.withLock { state in
      let admitted = state.connections.count - state.refused.count - state.retired.count
      let count = state.counts[connection.address] ?? 0
      let refusal: ConnectionRefusal? =
        if admitted >= limits.maxConnections {
          .tooManyConnections
        } else if count >= limits.maxConnectionsPerAddress {
          .tooManyConnectionsFromAddress
        } else {
          nil
        }
      if let refusal {
        guard state.refused.count < Self.maxRefusals else { return .dropped }
        state.refused.insert(connection.id)
        state.connections[connection.id] = connection
        return .refused(refusal)
      }
      state.connections[connection.id] = connection
      state.counts[connection.address] = count + 1
      return .admitted
    }
  }

  /// Counts a connection no more, because its last answer is about to be sent, or its end: whoever has
  /// read that may connect again at once, although this connection lingers until the client closes it.
  func retire(_ connection: Connection) {
    state.withLock { state in
      guard state.connections[connection.id] != nil, !state.refused.contains(connection.id),
        state.retired.count < Self.maxRetired, state.retired.insert(connection.id).inserted
      else { return }
      state.leave(connection.address)
    }
  }

  func remove(_ connection: Connection) {
    let emptied = state.withLock { state -> DispatchSemaphore? in
      guard state.connections.removeValue(forKey: connection.id) != nil else { return nil }
      let isCounted =
        state.refused.remove(connection.id) == nil && state.retired.remove(connection.id) == nil
      if isCounted { state.leave(connection.address) }
      return state.connections.isEmpty ? state.emptied : nil
    }
    emptied?.signal()
  }

  /// Waits until no connection is open; false if that takes longer than `duration`.
  func waitUntilEmpty(_ duration: Duration) -> Bool {
    let semaphore = DispatchSemaphore(value: 0)
    let isEmpty = state.withLock { state in
      state.emptied = semaphore
      return state.connections.isEmpty
    }
    if isEmpty { return true }
    let nanoseconds = Int(clamping: duration.nanoseconds)
    return semaphore.wait(timeout: .now() + .nanoseconds(nanoseconds)) == .success
  }
}

/// Why a connection is refused.
enum ConnectionRefusal: Equatable {
  case tooManyConnections
  case tooManyConnectionsFromAddress

  var problem: ProblemDetails {
    switch self {
    case .tooManyConnections:
      ProblemDetails(
        .serviceUnavailable, code: "too_many_connections",
        detail: "The server has no room for another connection; try again later.", retryAfter: 1)
    case .tooManyConnectionsFromAddress:
      ProblemDetails(
        .tooManyRequests, code: "too_many_connections_from_address",
        detail: "Your address has too many connections open; reuse them.", retryAfter: 1)
    }
  }
}
