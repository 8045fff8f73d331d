/// Bodies that come to be by and by.
extension Connection {
  func goLive(
    _ body: any LiveBody, _ outgoing: OutgoingResponse, _ exchange: Exchange,
    _ state: inout ConnectionState
  ) {
    let isChunked = outgoing.framing == .chunked
    let timeout = context.configuration.limits.writeTimeout
    PeerTimeout.set(timeout, on: transport.descriptor)
    let live = LiveResponse(
      body, head: outgoing.head, isChunked: isChunked, writeTimeout: timeout,
      queue: context.liveQueue(of: id), isDraining: { [context] in context.isDraining },
      write: { [self] bytes in
        // The connection reads meanwhile, and only one thread may use the transport.
        self.state.withLock { _ in transport.write(bytes) }
      },
      waitUntilWritable: { [self] then in waitUntilWritable(then) },
      reserve: { [self] count throws(MemoryBudget.Excess) in try reserve(count) },
      ended: { [self] outcome in
        var result = outgoing.result
        result.bodyBytes = outcome.bodyBytes
        if let error = outcome.error {
          result.error = error
          result.disposition = .cut(abruptly: !isChunked)
        }
        takeBack { state in settle(result, exchange, &state) }
      })
    state.live = live
    state.earlyBytes = 0
    state.enter(.live)
    resume(&state)
    live.start()
  }

  /// Keeps what comes while a live body is sent or an answer is waited for: the next request, within
  /// bounds. The end of it means that the client has left (RFC 9112 §9.6 lets a client close at any
  /// time).
  func receiveEarly(_ state: inout ConnectionState) {
    withUnsafeTemporaryAllocation(byteCount: 16 * 1024, alignment: 16) { buffer in
      switch transport.read(into: buffer) {
      case .bytes(let count):
        state.parser.append(UnsafeRawBufferPointer(rebasing: buffer.prefix(count)))
        state.earlyBytes += count
        if state.earlyBytes > 64 * 1024 { suspend(&state) }
        state.live?.wake()
      case .wait: state.live?.wake()
      case .end, .failed:
        suspend(&state)
        state.live?.clientLeft()
        state.deferred?.abandon()
      }
    }
  }
}
