/// From bytes to complete requests. All of this runs on the connection's loop, or on the worker that
/// has just answered and goes on with what came meanwhile.
extension Connection {
  /// Answers from memory in a row before other connections of the loop get their turn.
  private static let burst = 16

  func receive(_ state: inout ConnectionState) {
    withUnsafeTemporaryAllocation(byteCount: 32 * 1024, alignment: 16) { buffer in
      // A bound, so that one fast sender cannot keep the loop from the other connections.
      for _ in 0..<8 {
        switch transport.read(into: buffer) {
        case .bytes(let count):
          state.parser.append(UnsafeRawBufferPointer(rebasing: buffer.prefix(count)))
          advance(&state)
          let mayHaveMore = count == buffer.count || transport.hasBufferedInput
          guard Self.isReceiving(state.phase), mayHaveMore else { return }
        case .wait: return
        case .end, .failed: return close(&state)
        }
      }
      // The descriptor does not show what the transport has taken from it already.
      if transport.hasBufferedInput { loop.async { [self] in ready(.read) } }
    }
  }

  static func isReceiving(_ phase: ConnectionState.Phase) -> Bool {
    phase == .idle || phase == .head || phase == .body
  }

  /// Goes on after an answer: with what is here already, then with what will come.
  func proceed(_ state: inout ConnectionState) {
    advance(&state)
    if Self.isReceiving(state.phase), transport.hasBufferedInput { receive(&state) }
    if Self.isReceiving(state.phase) { resume(&state) }
  }

  /// Parses until bytes are missing or a request is with a worker.
  private func advance(_ state: inout ConnectionState) {
    var answered = 0
    do throws(FramingError) {
      while Self.isReceiving(state.phase) {
        if answered == Self.burst { return takeTurns(&state) }
        switch try state.parser.next() {
        case .incomplete:
          if state.phase == .idle, state.parser.isInsideRequest { state.enter(.head) }
          if state.phase == .body { _ = account(for: state.parser.bodyCount, &state) }
          return
        case .head(let head): begin(head, &state)
        case .body(let body):
          dispatch(body, &state)
          answered += 1
        }
      }
    } catch {
      refuse(ProblemDetails(error), &state)
    }
  }

  /// Goes on once the loop has looked after its other connections.
  private func takeTurns(_ state: inout ConnectionState) {
    state.enter(.handling)
    suspend(&state)
    loop.async { [self] in
      self.state.withLock { state in
        state.enter(.idle)
        proceed(&state)
      }
    }
  }

  private func begin(_ head: RequestHead, _ state: inout ConnectionState) {
    let target = head.line.target
    let outcome = context.router.route(
      head.line.method, target.path, isAsterisk: target.isAsterisk)
    state.pending = (head, outcome)
    guard case .matched(let route, _) = outcome else {
      // The answer does not depend on the body, and reading it would be for nothing.
      return head.framing == .none
        ? accept(head, limit: context.configuration.limits.body, user: nil, &state)
        : answerWithoutBody(head, outcome, &state)
    }
    if head.framing.mayBeLarge, route.screen != nil {
      return screen(head, outcome, &state)
    }
    accept(head, limit: limit(of: route), user: nil, &state)
  }

  private func limit(of route: Router.Route) -> Int {
    route.bodyLimit ?? context.configuration.limits.body
  }

  /// Asks on a worker whether the body may come, because that may take a look into a database.
  private func screen(
    _ head: RequestHead, _ outcome: Router.Outcome, _ state: inout ConnectionState
  ) {
    state.enter(.handling)
    suspend(&state)
    var exchange = exchange(head, outcome, body: [])
    exchange.keepAlive = false
    let isAccepted = context.workers.submit { [self, exchange] leave in
      guard case .matched(let route, let parameters) = outcome, let screen = route.screen,
        case .admitted(let user) = screen(exchange.request, parameters)
      else { return handle(exchange, leave) }
      takeBack { state in accept(head, limit: limit(of: route), user: user, &state) }
    }
    if isAccepted { return }
    answer(exchange.failure(Self.overload, logger: context.logger), to: exchange, &state)
  }

  private func accept(
    _ head: RequestHead, limit: Int, user: String?, _ state: inout ConnectionState
  ) {
    do throws(FramingError) {
      try state.parser.acceptBody(limit: limit)
    } catch {
      return refuse(ProblemDetails(error), &state)
    }
    if head.framing != .none {
      do throws(MemoryBudget.Excess) {
        var (announced, isExact) = (limit, false)
        if case .length(let length) = head.framing { (announced, isExact) = (length, true) }
        state.reservation = try BodyReservation(
          context.bodies, address: address, user: user, announced: announced, isExact: isExact)
      } catch {
        return refuse(error.bodyProblem, &state)
      }
    }
    state.enter(.body)
    // RFC 9110 §10.1.1: the interim answer may be omitted once body bytes are here.
    if head.expectsContinue, !state.parser.hasBufferedInput {
      guard writeNow(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)) else { return close(&state) }
    }
  }

  /// False if there is no memory for what has come of the body; the client knows then.
  private func account(for count: Int, _ state: inout ConnectionState) -> Bool {
    do throws(MemoryBudget.Excess) {
      try state.reservation?.grow(to: count)
      return true
    } catch {
      refuse(error.bodyProblem, &state)
      return false
    }
  }

  private func dispatch(_ body: [UInt8], _ state: inout ConnectionState) {
    guard account(for: body.count, &state) else { return }
    guard let (head, outcome) = state.pending else { return close(&state) }
    state.pending = nil
    let exchange = exchange(head, outcome, body: body, state.reservation.take())
    if outcome.isImmediate { return respond(to: exchange, &state) }
    state.enter(.handling)
    suspend(&state)
    if context.workers.submit({ [self] leave in handle(exchange, leave) }) { return }
    answer(exchange.failure(Self.overload, logger: context.logger), to: exchange, &state)
    if Self.isReceiving(state.phase) { resume(&state) }
  }

  private static let overload = ProblemDetails(
    .serviceUnavailable, code: "overloaded",
    detail: "The server has too much to do; try again.", retryAfter: 1)

  private func answerWithoutBody(
    _ head: RequestHead, _ outcome: Router.Outcome, _ state: inout ConnectionState
  ) {
    var exchange = exchange(head, outcome, body: [])
    exchange.keepAlive = false
    respond(to: exchange, &state)
  }

  private func exchange(
    _ head: RequestHead, _ outcome: Router.Outcome, body: [UInt8],
    _ reservation: BodyReservation? = nil
  ) -> Exchange {
    Exchange(
      request: Request(
        method: head.line.method, target: head.line.target, headers: head.headers, body: body,
        isSecure: context.configuration.tls != nil, remoteAddress: address, id: RequestID.next(),
        allowedOrigins: context.configuration.allowedOrigins, reservation: reservation),
      outcome: outcome, version: head.line.version, origins: context.configuration.allowedOrigins,
      keepAlive: head.keepAlive && !context.isDraining)
  }
}
