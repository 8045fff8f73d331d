import Dispatch
import Glibc
import Logging
import Synchronization

/// An HTTP/1.1 server (RFC 9110, RFC 9112).
///
/// Start it once; drain it to stop. Handlers run on a bounded pool of workers and may wait.
public final class HTTPServer: Sendable {
  private enum Phase {
    case new
    case starting
    case running(Listener, EventSource)
    case stopped
  }

  private let context: ServerContext
  private let phase = Mutex(Phase.new)

  /// A server that does not listen yet.
  ///
  /// - Parameter observe: called on a worker or event queue after every response, and after every
  ///   refused message; it must be quick, must not wait and must not ask this server anything.
  public init(
    configuration: ServerConfiguration = ServerConfiguration(), router: Router, logger: Logger,
    observe: (@Sendable (CompletedExchange) -> Void)? = nil
  ) {
    context = ServerContext(
      configuration: configuration, router: router, logger: logger, observe: observe)
  }

  deinit {
    guard case .running(let listener, let timer) = phase.withLock({ $0 }) else { return }
    context.beginDraining()
    timer.cancel()
    listener.close()
    for connection in context.registry.all { connection.abort() }
  }

  /// Whether the server has begun to stop.
  public var isDraining: Bool { context.isDraining }

  /// Connections that are open now.
  public var connectionCount: Int { context.registry.count }

  /// Bodies that are being streamed now: downloads, event streams, and whatever a slow peer takes
  /// its time for. Asks every connection.
  public var streamCount: Int {
    context.registry.all.count { $0.isStreaming }
  }

  /// Listens and returns the address, whose port the system chose if the configuration says 0.
  /// - Throws: `ServerError`.
  public func start() throws(ServerError) -> BoundAddress {
    let isFirst = phase.withLock { phase in
      guard case .new = phase else { return false }
      phase = .starting
      return true
    }
    guard isFirst else { throw .alreadyStarted }
    let configuration = context.configuration
    let socket: ListeningSocket
    do throws(ServerError) {
      try context.loadCertificate()
      try context.startLoops()
      socket = try ListeningSocket(
        host: configuration.host, port: configuration.port, backlog: configuration.listenBacklog)
    } catch {
      phase.withLock { $0 = .new }
      throw error
    }
    let resumption = Resumption()
    let listener = Listener(socket: socket) { [context] descriptor, address in
      if let transport = context.makeTransport(descriptor: descriptor),
        let (id, loop) = context.nextConnection()
      {
        let connection = Connection(
          transport: transport, address: address, context: context, id: id, loop: loop
        ) { connection in
          connection.context.registry.remove(connection)
          resumption.resume()
        }
        Self.accept(connection, context)
      } else {
        _ = Glibc.close(descriptor)
      }
    }
    resumption.listener.withLock { $0 = WeakListener(listener: listener) }
    let timer = sweepTimer()
    listener.start()
    timer.resume()
    phase.withLock { $0 = .running(listener, timer) }
    return socket.address
  }

  /// Reads the certificate and key again, for new connections; open ones keep what they have.
  /// - Throws: `ServerError`, and then everything stays as it was.
  public func reloadCertificate() throws(ServerError) {
    try context.loadCertificate()
  }

  /// Stops: no new connections, idle ones are closed at once, requests under way are answered with
  /// `Connection: close`. Returns when all connections are closed or the deadline has passed, in
  /// which case the rest is cut. Not to be called from a handler.
  /// - Returns: whether every connection ended by itself.
  @discardableResult
  public func drain(deadline: Duration) -> Bool {
    context.beginDraining()
    let last = phase.withLock { phase in
      defer { phase = .stopped }
      return phase
    }
    guard case .running(let listener, let timer) = last else {
      return context.registry.waitUntilEmpty(deadline)
    }
    listener.close()
    for connection in context.registry.all { connection.closeIfIdle() }
    let isDone = context.registry.waitUntilEmpty(deadline)
    if !isDone {
      for connection in context.registry.all { connection.abort() }
      // Only a handler that neither reads nor writes can outlast this.
      _ = context.registry.waitUntilEmpty(.seconds(1))
    }
    timer.cancel()
    return isDone
  }

  private static func accept(_ connection: Connection, _ context: ServerContext) {
    let admission = context.registry.add(connection)
    let refusal: ConnectionRefusal? =
      if case .refused(let reason) = admission { reason } else { nil }
    connection.start(refusal: refusal)
    // A connection accepted while draining began may have missed the round of closing.
    if admission == .dropped { connection.abort() }
    if context.isDraining { connection.closeIfIdle() }
  }

  /// Looks at the time limits a few times within the shortest of them.
  private func sweepTimer() -> EventSource {
    let limits = context.configuration.limits
    let shortest = [
      limits.handshakeTimeout, limits.headerTimeout, limits.idleTimeout, limits.bodyWindow,
      ConnectionState.lingerTimeout,
    ].map(\.nanoseconds).min()
    let interval = min(max((shortest ?? 0) / 4, 10_000_000), 1_000_000_000)
    let timer = EventSource.timer(every: interval, queue: DispatchQueue(label: "http-sweep"))
    timer.onEvent { [context] in
      let now = MonotonicClock.now
      for connection in context.registry.all { connection.sweep(now: now) }
    }
    return timer
  }
}

/// Lets closed connections wake a listener that ran out of descriptors, without keeping it alive.
private final class Resumption: Sendable {
  let listener = Mutex(WeakListener(listener: nil))

  func resume() {
    let listener = listener.withLock { $0.listener }
    listener?.resume()
  }
}

private struct WeakListener {
  weak var listener: Listener?
}
