/// Where a server listens and how much work it takes on at once.
public struct ServerConfiguration: Sendable {
  /// Name or literal address to listen on. IPv6 literals carry no brackets.
  public var host: String
  /// Port to listen on; 0 lets the system choose, and `HTTPServer.start()` reports the choice.
  public var port: Int
  /// Certificate and key; nil serves plain HTTP.
  public var tls: TLSFiles?
  /// Bounds on requests, connections and time.
  public var limits: Limits
  /// Pages of other sites that browsers let use this server.
  public var allowedOrigins: AllowedOrigins
  /// Handlers that run at once.
  public var workers: Int
  /// Complete requests that may wait for a worker; one more is answered 503 with `Retry-After`.
  public var backlog: Int
  /// Connections the kernel may hold that are not accepted yet (`listen(2)`).
  public var listenBacklog: Int

  /// Creates a configuration; the defaults suit loopback.
  public init(
    host: String = "127.0.0.1", port: Int = 0, tls: TLSFiles? = nil, limits: Limits = Limits(),
    allowedOrigins: AllowedOrigins = .none, workers: Int = 8, backlog: Int = 256,
    listenBacklog: Int = 511
  ) {
    self.host = host
    self.port = port
    self.tls = tls
    self.limits = limits
    self.allowedOrigins = allowedOrigins
    self.workers = workers
    self.backlog = backlog
    self.listenBacklog = listenBacklog
  }
}
