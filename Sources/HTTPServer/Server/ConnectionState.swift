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
    /// An answer comes from elsewhere; what comes meanwhile is kept, and shows whether the client is
    /// there.
    case deferred
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
  private var since: UInt64
  private var rate: BodyRate
  var parser: RequestParser
  /// The request whose body is being received.
  var pending: (head: RequestHead, outcome: Router.Outcome)?
  /// What the body that is being received takes of the memory for bodies.
  var reservation: BodyReservation?
  /// The answer that is waited for.
  var deferred: PendingAnswer?
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

  init(limits: Limits, now: UInt64 = MonotonicClock.now) {
    parser = RequestParser(limits: limits)
    since = now
    rate = BodyRate(now: now)
  }

  mutating func enter(_ next: Phase, now: UInt64 = MonotonicClock.now) {
    // The time limit of a handshake is that of all its steps.
    let goesOn = Self.isHandshake(phase) && Self.isHandshake(next)
    phase = next
    if !goesOn { since = now }
    if next == .body { rate = BodyRate(now: now) }
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

  mutating func expiry(now: UInt64, limits: Limits) -> Expiry {
    let elapsed = now > since ? now - since : 0
    switch phase {
    case .handshake: return elapsed > limits.handshakeTimeout.nanoseconds ? .close : .none
    case .idle: return elapsed > limits.idleTimeout.nanoseconds ? .close : .none
    case .head:
      return elapsed > limits.headerTimeout.nanoseconds ? .refuse(.headerTimeout) : .none
    case .body:
      return rate.isTooLow(count: parser.bodyCount, now: now, limits: limits)
        ? .refuse(.bodyTimeout) : .none
    case .lingering:
      let allowed = hasFinishedWriting ? Self.lingerTimeout : limits.writeTimeout
      return elapsed > allowed.nanoseconds ? .close : .none
    case .negotiating, .handling, .deferred, .live, .closed: return .none
    }
  }
}
