import Synchronization

/// One client's connection: one request at a time, in order.
///
/// While it waits for bytes it is only a descriptor of an event loop. While a worker has a request
/// nothing is read, so that what the client sends meanwhile waits in the kernel.
final class Connection: Watched {
  let id: UInt64
  let address: String

  let context: ServerContext
  let transport: any Transport
  let loop: EventLoop
  let state: Mutex<ConnectionState>
  private let closed: @Sendable (Connection) -> Void

  var descriptor: Int32 { transport.descriptor }

  /// - Parameter closed: called on the loop, once the descriptor is closed.
  init(
    transport: any Transport, address: String, context: ServerContext, id: UInt64,
    loop: EventLoop, closed: @escaping @Sendable (Connection) -> Void
  ) {
    self.id = id
    self.address = address
    self.context = context
    self.transport = transport
    self.loop = loop
    self.closed = closed
    state = Mutex(ConnectionState(limits: context.configuration.limits))
  }

  /// Begins to read, or to tell the client why not.
  func start(refusal: ConnectionRefusal?) {
    state.withLock { state in
      if transport.needsHandshake {
        state.enter(.handshake)
        // A handshake is the dearest part of a connection: no reason to give it to one too many.
        if refusal == nil { resume(&state) } else { close(&state) }
      } else if let refusal {
        refuse(refusal.problem, &state)
      } else {
        resume(&state)
      }
    }
  }

  /// Whether a body is on its way that no worker waits for.
  var isStreaming: Bool { state.withLock { $0.pulled != nil || $0.live != nil } }

  // MARK: Events

  func ready(_ readiness: Readiness) {
    let waiter = state.withLock { state in
      let waiter = readiness.contains(.write) ? state.writeWaiter.take() : nil
      // Most requests are answered before their client sends more: only here it is worth a call to
      // hear no more of it.
      if readiness.contains(.read), !state.isSuspended { readable(&state) }
      watch(&state)
      return waiter
    }
    waiter?()
  }

  private func readable(_ state: inout ConnectionState) {
    switch state.phase {
    case .handshake: negotiate(&state)
    case .idle, .head, .body: receive(&state)
    case .live, .deferred: receiveEarly(&state)
    case .lingering: discard(&state)
    case .negotiating, .handling, .closed: break
    }
  }

  /// Applies the time limits.
  func sweep(now: UInt64) {
    state.withLock { state in
      state.live?.sweep(now: now)
      if let pulled = state.pulled, pulled.isOverdue(now: now) { transport.interrupt() }
      switch state.expiry(now: now, limits: context.configuration.limits) {
      case .none:
        if state.phase == .lingering { finishWriting(&state) }
        if state.phase == .handshake, state.handshakeWaitsForRoom { negotiate(&state) }
      case .close: leave(&state)
      case .refuse(let error): refuse(ProblemDetails(error), &state)
      }
    }
  }

  /// Closes the connection if no request is under way, and has a live body look whether it may go on.
  func closeIfIdle() {
    state.withLock { state in
      if state.phase == .idle || state.phase == .handshake { leave(&state) }
      state.live?.wake()
    }
  }

  /// Ends the connection, whatever it is doing. A worker that is sending finds it lost.
  func abort() {
    state.withLock { state in
      switch state.phase {
      case .handling, .negotiating: transport.interrupt()
      case .live: state.live?.clientLeft()
      case .deferred:
        transport.interrupt()
        state.deferred?.abandon()
      default: close(&state)
      }
    }
  }

  // MARK: Closing

  func end(_ disposition: OutgoingResponse.Disposition, _ state: inout ConnectionState) {
    guard case .cut(let abruptly) = disposition else {
      context.registry.retire(self)
      state.enter(.lingering)
      // What has come of a body is of no use any more.
      state.parser = RequestParser(limits: context.configuration.limits)
      state.reservation = nil
      finishWriting(&state)
      return resume(&state)
    }
    if abruptly { transport.resetOnClose() }
    close(&state)
  }

  private func finishWriting(_ state: inout ConnectionState) {
    if !state.hasFinishedWriting { state.hasFinishedWriting = transport.finishWriting() }
  }

  private func discard(_ state: inout ConnectionState) {
    withUnsafeTemporaryAllocation(byteCount: 32 * 1024, alignment: 16) { buffer in
      while true {
        switch transport.read(into: buffer) {
        case .bytes(let count):
          state.lingerBudget -= count
          if state.lingerBudget < 0 { return close(&state) }
        case .wait: return
        case .end, .failed: return close(&state)
        }
      }
    }
  }

  /// Closes with a word of goodbye, if there is room for it.
  private func leave(_ state: inout ConnectionState) {
    context.registry.retire(self)
    if state.phase == .idle { finishWriting(&state) }
    close(&state)
  }

  func close(_ state: inout ConnectionState) {
    guard state.phase != .closed else { return }
    state.enter(.closed)
    state.parser = RequestParser(limits: context.configuration.limits)
    state.pending = nil
    state.reservation = nil
    state.isSuspended = true
    state.writeWaiter = nil
    state.watched = []
    loop.remove(self) { [self] in
      transport.close()
      closed(self)
    }
  }

  // MARK: Waiting

  /// Reads nothing until `resume`. The loop hears of it with the next event, if one comes.
  func suspend(_ state: inout ConnectionState) { state.isSuspended = true }

  func resume(_ state: inout ConnectionState) {
    state.isSuspended = false
    if !state.watched.contains(.read) { watch(&state) }
  }

  /// Calls `then` on the loop, once, when the socket takes bytes again or never will.
  func waitUntilWritable(_ then: @escaping @Sendable () -> Void) {
    state.withLock { state in
      // The descriptor may be another connection's by now.
      if state.phase == .closed { return loop.async(then) }
      state.writeWaiter = then
      watch(&state)
    }
  }

  /// Has the loop watch for what is waited for, and nothing else.
  private func watch(_ state: inout ConnectionState) {
    var wanted: Readiness = state.isSuspended ? [] : .read
    if state.writeWaiter != nil { wanted.insert(.write) }
    guard wanted != state.watched else { return }
    let former = state.watched
    state.watched = wanted
    if !loop.watch(self, for: wanted, insteadOf: former) { lose(&state) }
  }

  /// The kernel has no memory to watch the socket with.
  private func lose(_ state: inout ConnectionState) {
    guard let waiter = state.writeWaiter.take() else { return close(&state) }
    transport.interrupt()
    loop.async(waiter)
  }
}
