/// A body that comes to be while others work, such as a stream of events.
///
/// No thread waits for it: the server asks for a part when the client has taken the one before, and
/// sleeps when there is none until it is woken. So a thousand clients cost a thousand sockets, and a
/// slow one costs no memory: nothing is made for it that it cannot take.
public protocol LiveBody: Sendable {
  /// How long nothing may be sent before `idleBytes` are, so that a peer that vanished is noticed
  /// and no proxy takes the connection for dead.
  var idleInterval: Duration { get }
  /// What then is sent; the client must skip it.
  var idleBytes: [UInt8] { get }

  /// The response begins. From now on `wake` tells the server, from any thread and any number of
  /// times, that there may be another part.
  func start(wake: @escaping @Sendable () -> Void)
  /// The next part. One call at a time, on a queue that other live bodies share: a short look into a
  /// database is fine, waiting for something to happen is not. An error cuts the connection, so that
  /// the client does not take what it has for the whole.
  func next() throws -> LivePart
  /// The last call: the body has ended, the client has left or the server stops.
  func stop()
}

/// What a live body has to send.
public enum LivePart: Sendable, Equatable {
  /// These bytes; none at all are the same as `nothingYet` would be, but for another look.
  case bytes([UInt8])
  /// Nothing until the next waking.
  case nothingYet
  /// Nothing any more.
  case end
}
