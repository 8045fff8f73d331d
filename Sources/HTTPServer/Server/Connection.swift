import Dispatch
import HTTPTypes
import Logging
import Synchronization

/// One client's connection: one request at a time, in order.
///
/// While it waits for bytes it is only a Dispatch source. A complete request goes to the worker
/// pool with the source suspended, so that what the client sends meanwhile waits in the kernel.
final class Connection: Sendable {
  let id: UInt64
  let address: String

  let context: ServerContext
  let transport: any Transport
  private let queue: DispatchQueue
  private let source: EventSource
  let state: Mutex<ConnectionState>

  init(transport: any Transport, address: String, context: ServerContext) {
    let (id, queue) = context.nextConnection()
    self.id = id
    self.address = address
    self.context = context
    self.transport = transport
    self.queue = queue
    source = .readable(transport.descriptor, queue: queue)
    state = Mutex(ConnectionState(limits: context.configuration.limits))
  }

  /// Begins to read, or to tell the client why not.
  func start(refusal: ConnectionRefusal?, closed: @escaping @Sendable () -> Void) {
    source.onEvent { [self] in
      readable()
    } cancelled: { [self] in
      transport.close()
      closed()
    }
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

  private func readable() {
    state.withLock { state in
      switch state.phase {
      case .handshake: negotiate(&state)
      case .idle, .head, .body: receive(&state)
      case .live: receiveEarly(&state)
      case .lingering: discard(&state)
      case .negotiating, .handling, .closed: break
      }
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
      default: close(&state)
      }
    }
  }

  // MARK: Receiving

  func receive(_ state: inout ConnectionState) {
    withUnsafeTemporaryAllocation(byteCount: 32 * 1024, alignment: 16) { buffer in
      // A bound, so that one fast sender cannot keep the queue from the other connections.
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
      if transport.hasBufferedInput { queue.async { [self] in readable() } }
    }
  }

  static func isReceiving(_ phase: ConnectionState.Phase) -> Bool {
    phase == .idle || phase == .head || phase == .body
  }

  /// Parses until bytes are missing or a request is complete.
  private func advance(_ state: inout ConnectionState) {
    do throws(FramingError) {
      while Self.isReceiving(state.phase) {
        switch try state.parser.next() {
        case .incomplete:
          if state.phase == .idle, state.parser.isInsideRequest { state.enter(.head) }
          return
        case .head(let head): try begin(head, &state)
        case .body(let body): dispatch(body, &state)
        }
      }
    } catch {
      refuse(ProblemDetails(error), &state)
    }
  }

  private func begin(
    _ head: RequestHead, _ state: inout ConnectionState
  ) throws(FramingError) {
    let target = head.line.target
    let outcome = context.router.route(
      head.line.method, target.path, isAsterisk: target.isAsterisk)
    state.pending = (head, outcome)
    var limit = context.configuration.limits.body
    if case .matched(let route, let parameters) = outcome {
      limit = route.bodyLimit ?? limit
      if head.framing.mayBeLarge, let screen = route.screen,
        !screen(exchange(head, outcome, body: []).request, parameters)
      {
        return answerWithoutBody(head, outcome, &state)
      }
    } else if head.framing != .none {
      // The answer does not depend on the body, and reading it would be for nothing.
      return answerWithoutBody(head, outcome, &state)
    }
    try state.parser.acceptBody(limit: limit)
    state.enter(.body)
    // RFC 9110 §10.1.1: the interim answer may be omitted once body bytes are here.
    if head.expectsContinue, !state.parser.hasBufferedInput {
      guard writeNow(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)) else { return close(&state) }
    }
  }

  private func dispatch(_ body: [UInt8], _ state: inout ConnectionState) {
    guard let (head, outcome) = state.pending else { return close(&state) }
    state.pending = nil
    let exchange = exchange(head, outcome, body: body)
    state.enter(.handling)
    suspend(&state)
    if context.workers.submit({ [self] in handle(exchange) }) { return }
    let problem = ProblemDetails(
      .serviceUnavailable, code: "overloaded",
      detail: "The server has too much to do; try again.", retryAfter: 1)
    let result = answerNow(problem, to: exchange)
    if result.disposition == .keep {
      state.enter(.idle)
      resume(&state)
    } else {
      end(result.disposition, &state)
    }
  }

  private func exchange(
    _ head: RequestHead, _ outcome: Router.Outcome, body: [UInt8]
  ) -> Exchange {
    Exchange(
      request: Request(
        method: head.line.method, target: head.line.target, headers: head.headers, body: body,
        remoteAddress: address, id: RequestID.next()),
      outcome: outcome, version: head.line.version,
      keepAlive: head.keepAlive && !context.isDraining)
  }

  // MARK: Answering on a worker

  private func handle(_ exchange: Exchange) {
    let response = exchange.respond(router: context.router, logger: context.logger)
    if sendWhole(response, exchange) { return }
    if case .live(let body) = response.body { return goLive(body, response, exchange) }
    if case .pulled(let length, let read) = response.body {
      return pull(length, read, response, exchange)
    }
    if context.streams.submit({ [self] in stream(response, exchange) }) { return }
    let problem = ProblemDetails(
      .serviceUnavailable, code: "too_many_streams",
      detail: "Too many downloads and event streams are open; try again.", retryAfter: 5)
    _ = sendWhole(exchange.failure(problem, logger: context.logger), exchange)
  }

  /// Sends a response that is in memory; false if it is not. What the socket does not take at once
  /// moves to the stream workers: a peer that reads slowly must not hold up other requests.
  private func sendWhole(_ response: Response, _ exchange: Exchange) -> Bool {
    let sender = sender(for: exchange)
    guard let bytes = sender.bytes(of: response) else { return false }
    let result = sender.result(of: response)
    let sent: Int
    switch bytes.withUnsafeBytes({ transport.write($0) }) {
    case .bytes(let count): sent = count
    case .wait: sent = 0
    case .end, .failed:
      complete(result.cut(by: .connectionLost), exchange)
      return true
    }
    if sent == bytes.count {
      complete(result, exchange)
    } else if !context.streams.submit({ [self] in
      do throws(ServerError) {
        try sender.output.write(bytes, from: sent)
        complete(result, exchange)
      } catch {
        complete(result.cut(by: error), exchange)
      }
    }) {
      complete(result.cut(by: .writeTimedOut), exchange)
    }
    return true
  }

  private func stream(_ response: Response, _ exchange: Exchange) {
    let result = sender(for: exchange).stream(response)
    if result.nothingSent, let error = result.error, !(error is ServerError),
      sendWhole(exchange.failure(error, logger: context.logger), exchange)
    {
      return
    }
    complete(result, exchange)
  }

  private func complete(_ result: ResponseSender.Result, _ exchange: Exchange) {
    if let error = result.error {
      context.logger.info(
        "response cut",
        metadata: ["request_id": "\(exchange.request.id)", "error": "\(error)"])
    }
    context.observe?(exchange.completed(result))
    finish(result.disposition)
  }

  /// Sends a body as the client takes it.
  private func pull(
    _ length: Int64, _ read: @escaping Response.Read, _ response: Response, _ exchange: Exchange
  ) {
    let sender = sender(for: exchange)
    let pulled = PulledResponse(
      head: sender.head(of: response), length: length, read: read, transport: transport,
      timeout: context.configuration.limits.writeTimeout, queue: context.downloadQueue,
      workers: context.downloads
    ) { [self] outcome in
      var result = sender.result(of: response)
      result.bodyBytes = outcome.bodyBytes
      guard let error = outcome.error else { return complete(result, exchange) }
      // Nothing has been sent yet: there is time for an honest answer.
      if outcome.isUntouched, error as? ServerError != .connectionLost,
        sendWhole(exchange.failure(error, logger: context.logger), exchange)
      {
        return
      }
      result.disposition = .cut(abruptly: false)
      result.error = error
      complete(result, exchange)
    }
    state.withLock { $0.pulled = pulled }
    pulled.start()
  }

  private func finish(_ disposition: ResponseSender.Disposition) {
    state.withLock { state in
      state.live = nil
      state.pulled = nil
      guard disposition == .keep, !context.isDraining else { return end(disposition, &state) }
      state.enter(.idle)
      advance(&state)
      if Self.isReceiving(state.phase), transport.hasBufferedInput { receive(&state) }
      if Self.isReceiving(state.phase) { resume(&state) }
    }
  }

  private func sender(for exchange: Exchange) -> ResponseSender {
    ResponseSender(
      output: DeadlineWriter(
        transport: transport, timeout: context.configuration.limits.writeTimeout),
      version: exchange.version, isHead: exchange.request.isHead, requestID: exchange.request.id,
      keepAlive: exchange.keepAlive, draining: { [context] in context.isDraining })
  }

  // MARK: Live bodies

  private func goLive(_ body: any LiveBody, _ response: Response, _ exchange: Exchange) {
    let sender = sender(for: exchange)
    let (head, isChunked) = sender.liveHead(of: response)
    let whole = sender.result(of: response)
    let timeout = context.configuration.limits.writeTimeout
    PeerTimeout.set(timeout, on: transport.descriptor)
    let live = LiveResponse(
      body, head: head, isChunked: isChunked, descriptor: transport.descriptor,
      writeTimeout: timeout, queue: context.liveQueue(of: id),
      isDraining: { [context] in context.isDraining },
      write: { [self] bytes in
        // The connection reads meanwhile, and only one thread may use the transport.
        state.withLock { _ in transport.write(bytes) }
      },
      ended: { [self] outcome in
        var result = whole
        result.bodyBytes = outcome.bodyBytes
        if let error = outcome.error {
          result.error = error
          result.disposition = .cut(abruptly: !isChunked)
        }
        complete(result, exchange)
      })
    state.withLock { state in
      state.live = live
      state.earlyBytes = 0
      state.enter(.live)
      resume(&state)
    }
    live.start()
  }

  /// Keeps what comes while a live body is sent: the next request, within bounds. The end of it
  /// means that the client has left (RFC 9112 §9.6 lets a client close at any time).
  private func receiveEarly(_ state: inout ConnectionState) {
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
      }
    }
  }

  // MARK: Answering without waiting

  /// Answers with a problem from the queue of events, which must not wait: what does not fit the
  /// socket's buffer ends the connection.
  private func answerNow(
    _ problem: ProblemDetails, to exchange: Exchange
  ) -> ResponseSender.Result {
    let response = exchange.failure(problem, logger: context.logger)
    return answerNow(response, to: exchange)
  }

  private func answerNow(_ response: Response, to exchange: Exchange) -> ResponseSender.Result {
    let sender = sender(for: exchange)
    var result = sender.result(of: response)
    if sender.bytes(of: response).map(writeNow) != true {
      result = result.cut(by: .connectionLost)
    }
    context.observe?(exchange.completed(result))
    return result
  }

  private func answerWithoutBody(
    _ head: RequestHead, _ outcome: Router.Outcome, _ state: inout ConnectionState
  ) {
    let request = exchange(head, outcome, body: [])
    let closing = Exchange(
      request: request.request, outcome: outcome, version: head.line.version, keepAlive: false)
    let response = closing.respond(router: context.router, logger: context.logger)
    let result = answerNow(response, to: closing)
    end(result.disposition, &state)
  }

  /// Answers with a problem and closes.
  func refuse(_ problem: ProblemDetails, _ state: inout ConnectionState) {
    var problem = problem
    let method = state.pending?.head.line.method ?? state.parser.methodUnderWay
    let requestID = RequestID.next()
    problem.requestID = requestID
    let sender = ResponseSender(
      output: DeadlineWriter(transport: transport, timeout: .zero), version: .http11,
      isHead: method == .head, requestID: requestID, keepAlive: false, draining: { true })
    let response = Response.problem(problem)
    let isSent = sender.bytes(of: response).map(writeNow) ?? false
    context.logger.debug(
      "request refused",
      metadata: ["request_id": "\(requestID)", "address": "\(address)", "code": "\(problem.code)"])
    context.observe?(
      CompletedExchange(
        requestID: requestID, remoteAddress: address, method: method, pattern: nil,
        status: response.status, bodyBytes: 0, duration: .zero, isComplete: isSent))
    end(isSent ? .close : .cut(abruptly: false), &state)
  }

  private func writeNow(_ bytes: [UInt8]) -> Bool {
    bytes.withUnsafeBytes { transport.write($0) } == .bytes(bytes.count)
  }

  // MARK: Closing

  private func end(_ disposition: ResponseSender.Disposition, _ state: inout ConnectionState) {
    guard case .cut(let abruptly) = disposition else {
      state.enter(.lingering)
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
    if state.phase == .idle { finishWriting(&state) }
    close(&state)
  }

  func close(_ state: inout ConnectionState) {
    guard state.phase != .closed else { return }
    state.enter(.closed)
    state.parser = RequestParser(limits: context.configuration.limits)
    state.pending = nil
    source.cancel()
    // Dispatch delivers the cancellation of a suspended source only once it is resumed.
    resume(&state)
  }

  func suspend(_ state: inout ConnectionState) {
    if state.isSuspended { return }
    state.isSuspended = true
    source.suspend()
  }

  func resume(_ state: inout ConnectionState) {
    guard state.isSuspended else { return }
    state.isSuspended = false
    source.resume()
  }
}
