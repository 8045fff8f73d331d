import Logging

/// From a request to an answer that the client has.
extension Connection {
  /// Answers on a worker.
  func handle(_ exchange: Exchange, _ leave: WorkerPool.Leave) {
    let response = exchange.respond(router: context.router, logger: context.logger)
    leave()
    takeBack { state in answer(response, to: exchange, &state) }
  }

  /// Ends what others did for the connection, and goes on with it.
  func takeBack(_ conclude: (inout ConnectionState) -> Void) {
    state.withLock { state in
      state.live = nil
      state.pulled = nil
      state.deferred = nil
      conclude(&state)
      proceed(&state)
    }
  }

  /// Answers at once: for handlers that do not wait.
  func respond(to exchange: Exchange, _ state: inout ConnectionState) {
    answer(
      exchange.respond(router: context.router, logger: context.logger), to: exchange, &state)
  }

  /// Sends a response, or begins to: what the socket does not take now follows when it does, and
  /// nobody waits for that.
  func answer(_ response: Response, to exchange: Exchange, _ state: inout ConnectionState) {
    if case .deferred(let answer) = response.body { return wait(for: answer, exchange, &state) }
    var exchange = exchange
    exchange.request.dropBody()
    let outgoing = exchange.outgoing(response)
    guard let bytes = outgoing.bytes else {
      switch response.body {
      case .live(let body): return goLive(body, outgoing, exchange, &state)
      case .pulled(let length, let read): return pull(length, read, outgoing, exchange, &state)
      // These are in memory, or have been dealt with.
      case .empty, .bytes, .deferred: return
      }
    }
    if outgoing.result.disposition == .close { context.registry.retire(self) }
    let reservation: MemoryReservation?
    do throws(MemoryBudget.Excess) {
      // Before anything is sent: there is still a status to answer with.
      reservation = try reserve(bytes.count)
    } catch {
      return answer(
        exchange.failure(error.answerProblem, logger: context.logger), to: exchange, &state)
    }
    switch bytes.withUnsafeBytes({ transport.write($0) }) {
    case .bytes(bytes.count):
      reservation?.end()
      settle(outgoing.result, exchange, &state)
    case .bytes(let count):
      sendRest(of: bytes, from: count, reservation, outgoing.result, exchange, &state)
    case .wait: sendRest(of: bytes, from: 0, reservation, outgoing.result, exchange, &state)
    case .end, .failed: settle(outgoing.result.cut(by: .connectionLost), exchange, &state)
    }
  }

  /// Memory for an answer, or nil for one that is short.
  func reserve(_ count: Int) throws(MemoryBudget.Excess) -> MemoryReservation? {
    try .answer(context.answers, bytes: count, address: address)
  }

  /// - Parameter result: of all of it; the response itself would be a second copy of its bytes.
  private func sendRest(
    of bytes: [UInt8], from sent: Int, _ reservation: MemoryReservation?,
    _ result: OutgoingResponse.Result, _ exchange: Exchange, _ state: inout ConnectionState
  ) {
    let rest = PulledResponse(bytes, sent: sent, context: pulling) { [self] outcome in
      takeBack { state in
        // Whoever has read the answer finds room for the next.
        reservation?.end()
        let error = outcome.error as? ServerError
        settle(error.map(result.cut) ?? result, exchange, &state)
      }
    }
    follow(rest, &state)
  }

  /// Sends a body as the client takes it.
  private func pull(
    _ length: Int64, _ read: @escaping Response.Read, _ outgoing: OutgoingResponse,
    _ exchange: Exchange, _ state: inout ConnectionState
  ) {
    let pulled = PulledResponse(
      head: outgoing.head, length: length, read: read, context: pulling
    ) { [self] outcome in
      takeBack { state in ended(outcome, outgoing, exchange, &state) }
    }
    follow(pulled, &state)
  }

  private func ended(
    _ outcome: PulledResponse.Outcome, _ outgoing: OutgoingResponse, _ exchange: Exchange,
    _ state: inout ConnectionState
  ) {
    var result = outgoing.result
    result.bodyBytes = outcome.bodyBytes
    guard let error = outcome.error else { return settle(result, exchange, &state) }
    // Nothing has been sent yet: there is time for an honest answer.
    if outcome.isUntouched, error as? ServerError != .connectionLost {
      return answer(exchange.failure(error, logger: context.logger), to: exchange, &state)
    }
    result.disposition = .cut(abruptly: false)
    result.error = error
    settle(result, exchange, &state)
  }

  private func follow(_ pulled: PulledResponse, _ state: inout ConnectionState) {
    state.pulled = pulled
    state.enter(.handling)
    suspend(&state)
    pulled.start()
  }

  private var pulling: PulledResponse.Context {
    PulledResponse.Context(
      transport: transport, timeout: context.configuration.limits.writeTimeout,
      waitUntilWritable: { [self] then in waitUntilWritable(then) }, workers: context.downloads)
  }

  /// Tells what became of a response, and gets the connection ready for the next request if there can
  /// be one.
  func settle(
    _ result: OutgoingResponse.Result, _ exchange: Exchange, _ state: inout ConnectionState
  ) {
    if let error = result.error {
      context.logger.info(
        "response cut",
        metadata: ["request_id": "\(exchange.request.id)", "error": "\(error)"])
    }
    context.observe?(exchange.completed(result))
    if result.disposition == .keep, !context.isDraining {
      state.enter(.idle)
    } else {
      end(result.disposition, &state)
    }
  }

  /// Answers a message that is no request, or none that can be taken, with a problem, and closes.
  /// What does not fit the socket's buffer is not sent.
  func refuse(_ problem: ProblemDetails, _ state: inout ConnectionState) {
    var problem = problem
    let method = state.pending?.head.line.method ?? state.parser.methodUnderWay
    let requestID = RequestID.next()
    problem.requestID = requestID
    var response = Response.problem(problem)
    let origins = context.configuration.allowedOrigins
    origins.addFields(
      to: &response, origin: (state.pending?.head.headers).flatMap(origins.origin))
    let outgoing = OutgoingResponse(
      response: response, version: .http11, isHead: method == .head, requestID: requestID,
      keepAlive: false)
    context.registry.retire(self)
    let isSent = outgoing.bytes.map(writeNow) ?? false
    context.logger.debug(
      "request refused",
      metadata: ["request_id": "\(requestID)", "address": "\(address)", "code": "\(problem.code)"])
    context.observe?(
      CompletedExchange(
        requestID: requestID, remoteAddress: address, method: method, pattern: nil,
        status: response.status, bodyBytes: 0, duration: .zero, isComplete: isSent))
    end(isSent ? .close : .cut(abruptly: false), &state)
  }

  func writeNow(_ bytes: [UInt8]) -> Bool {
    bytes.withUnsafeBytes { transport.write($0) } == .bytes(bytes.count)
  }
}
