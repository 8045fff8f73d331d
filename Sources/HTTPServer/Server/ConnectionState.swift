/// Where a connection is in its life, and what it has received.
struct ConnectionState {
  enum Phase: Equatable {
    /// TLS is not agreed on yet, and the peer's part is missing.
    case handshake
    /// A worker computes a step of the handshake; nothing is read.
    case negotiating
    /// Between requests.
    case idle
    /// A request has begun.
    case head
    /// The head is complete, the body is not.
    case body
    /// A worker has the connection; nothing is read.
    case handling
    /// A live body is being sent; what comes meanwhile is kept, and shows whether the client is there.
    case live
    /// The last answer is sent; what still comes is discarded so that no reset destroys the
    /// answer on its way (RFC 9112 §9.6).
    case lingering
    case closed
  }

  /// Time for the peer to take the last answer and close.
  static let lingerTimeout: Duration = .seconds(2)

  private(set) var phase = Phase.idle
  private var since = MonotonicClock.now
  var parser: RequestParser
  /// The request whose body is being received.
  var pending: (head: RequestHead, outcome: Router.Outcome)?
  /// The live body under way.
  var live: LiveResponse?
  /// Bytes that came while it was.
  var earlyBytes = 0
  /// The pulled body under way.
  var pulled: PulledResponse?
  var isSuspended = true
  /// What the loop watches for; bytes to read also while the connection is suspended, until some come.
  var watched: Readiness = []
  /// Called when the socket takes bytes again.
  var writeWaiter: (@Sendable () -> Void)?
  /// The handshake has something to send and the socket no room.
  var handshakeWaitsForRoom = false
  /// The end of the response has been announced; with TLS that needs room in the socket.
  var hasFinishedWriting = false
  /// Bytes to discard while lingering.
  var lingerBudget = 1024 * 1024

  init(limits: Limits) {
    parser = RequestParser(limits: limits)
  }

  mutating func enter(_ next: Phase) {
    // The time limit of a handshake is that of all its steps.
    let goesOn = Self.isHandshake(phase) && Self.isHandshake(next)
    phase = next
    if !goesOn { since = MonotonicClock.now }
  }

  private static func isHandshake(_ phase: Phase) -> Bool {
    phase == .handshake || phase == .negotiating
  }

  /// What the clock asks for.
  enum Expiry: Equatable {
    case none
    case close
    case refuse(FramingError)
  }

  func expiry(now: UInt64, limits: Limits) -> Expiry {
    let elapsed = now > since ? now - since : 0
    switch phase {
    case .handshake: return elapsed > limits.handshakeTimeout.nanoseconds ? .close : .none
    case .idle: return elapsed > limits.idleTimeout.nanoseconds ? .close : .none
    case .head:
      return elapsed > limits.headerTimeout.nanoseconds ? .refuse(.headerTimeout) : .none
    case .body:
      guard elapsed > limits.bodyGrace.nanoseconds else { return .none }
      let expected = Double(limits.bodyMinimumRate) * Double(elapsed) / 1e9
      return Double(parser.bodyCount) < expected ? .refuse(.bodyTimeout) : .none
    case .lingering:
      let allowed = hasFinishedWriting ? Self.lingerTimeout : limits.writeTimeout
      return elapsed > allowed.nanoseconds ? .close : .none
    case .negotiating, .handling, .live, .closed: return .none
    }
  }
}
