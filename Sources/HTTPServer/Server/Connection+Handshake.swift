import Glibc
import Logging

extension Connection {
  /// Hands a step of the handshake to a worker: it computes for as long as hundreds of requests
  /// take to be parsed, and the queue of events is shared.
  func negotiate(_ state: inout ConnectionState) {
    state.enter(.negotiating)
    suspend(&state)
    if !context.handshakes.submit({ [self] _ in stepHandshake() }) {
      state.enter(.handshake)
      close(&state)
    }
  }

  private func stepHandshake() {
    let result = transport.handshake()
    state.withLock { state in
      state.enter(.handshake)
      switch result {
      case .done:
        guard !context.isDraining else { return close(&state) }
        state.enter(.idle)
        // The first request may have come with the end of the handshake.
        if transport.hasBufferedInput { receive(&state) }
        if Self.isReceiving(state.phase) { resume(&state) }
      case .wait(let events):
        guard !context.isDraining else { return close(&state) }
        // No server's part of a handshake fills a new socket, unless the peer makes its segments
        // tiny: the sweep's pace is good enough for it.
        state.handshakeWaitsForRoom = events & Int16(POLLOUT) != 0
        resume(&state)
      case .plainHTTP:
        refuse(ProblemDetails(.plainHTTP), &state)
      case .failed(let reason):
        context.logger.debug(
          "TLS handshake failed", metadata: ["address": "\(address)", "reason": "\(reason)"])
        close(&state)
      }
    }
  }
}
