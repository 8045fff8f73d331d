/// Bounds on what one client, and all clients together, may ask of the server.
///
/// Sizes are bytes. Each bound answers with its own status before more input is read.
public struct Limits: Sendable {
  /// Longest request line without its CRLF; a longer one answers 414. RFC 9112 §3 recommends at
  /// least 8000.
  public var requestLine = 8 * 1024
  /// Longest field section, CRLFs included; a longer one answers 431 (RFC 6585 §5).
  public var headerBlock = 32 * 1024
  /// Most fields in one request; more answer 431.
  public var headerFields = 100
  /// Largest body of a route that names no limit of its own; a larger one answers 413.
  public var body = 1024 * 1024
  /// Longest trailer section of a chunked body; a longer one answers 431.
  public var trailerBlock = 4 * 1024
  /// Most bytes of chunk extensions in one body; more answer 400. RFC 9112 §7.1.1 asks for a bound.
  public var chunkExtensions = 4 * 1024
  /// Time from a connection's beginning to the end of its TLS handshake.
  public var handshakeTimeout: Duration = .seconds(10)
  /// Time from the first byte of a request to the end of its header block; later answers 408.
  public var headerTimeout: Duration = .seconds(10)
  /// Bytes per second a body must bring in each `bodyWindow`; fewer answer 408. What came earlier does
  /// not count, so no length buys a silence.
  public var bodyMinimumRate = 1024
  /// Time over which a body's rate is measured, again and again from its head on.
  public var bodyWindow: Duration = .seconds(10)
  /// Memory for the bodies of all requests, from their first byte until they are answered; more is
  /// answered 503. To be no less than the largest body of any route.
  public var bodyMemory = 256 << 20
  /// The same for those of one address; more is answered 429.
  public var bodyMemoryPerAddress = 64 << 20
  /// The same for those of one user, as far as the route's screen names one; more is answered 429.
  public var bodyMemoryPerUser = 32 << 20
  /// Memory for answers of more than 64 KiB that clients have not read yet, parts of live bodies among
  /// them; more is answered 503. To be no less than the longest answer that is made in memory.
  public var answerMemory = 256 << 20
  /// The same for those of one address.
  public var answerMemoryPerAddress = 64 << 20
  /// Time a connection may stay open between requests.
  public var idleTimeout: Duration = .seconds(60)
  /// Time the peer has to take each 64 KiB of a response.
  public var writeTimeout: Duration = .seconds(30)
  /// Connections open at once; one more is answered 503 and closed.
  public var maxConnections = 1024
  /// Connections open at once from one address; one more is answered 429 and closed.
  public var maxConnectionsPerAddress = 256

  /// The defaults, which suit a server open to the public.
  public init() {}
}
