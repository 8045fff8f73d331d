import Dispatch
import Synchronization

/// Accepts connections from a Dispatch source, and stops for a while when descriptors run out.
final class Listener: Sendable {
  private struct State {
    var isPaused = false
    var isClosed = false
  }

  /// Accepts in a row before other events of the queue get their turn.
  private static let burst = 64

  private let socket: ListeningSocket
  private let queue = DispatchQueue(label: "http-accept")
  private let source: EventSource
  private let accepted: @Sendable (_ descriptor: Int32, _ address: String) -> Void
  private let state = Mutex(State())
  private let released = DispatchSemaphore(value: 0)

  init(
    socket: ListeningSocket,
    accepted: @escaping @Sendable (_ descriptor: Int32, _ address: String) -> Void
  ) {
    self.socket = socket
    self.accepted = accepted
    source = .readable(socket.descriptor, queue: queue)
  }

  func start() {
    source.onEvent { [self] in
      acceptWaiting()
    } cancelled: { [self] in
      socket.close()
      released.signal()
    }
    source.resume()
  }

  private func acceptWaiting() {
    for _ in 0..<Self.burst {
      switch socket.accept() {
      case .connection(let descriptor, let address): accepted(descriptor, address)
      case .none: return
      case .exhausted: return pause()
      }
    }
  }

  /// The waiting connection keeps the source ready: without a pause it would spin.
  private func pause() {
    state.withLock { state in
      guard !state.isPaused, !state.isClosed else { return }
      state.isPaused = true
      source.suspend()
    }
    queue.asyncAfter(deadline: .now() + .milliseconds(200)) { [weak self] in self?.resume() }
  }

  /// Accepts again after a pause; for when a connection has closed.
  func resume() {
    state.withLock { state in
      guard state.isPaused, !state.isClosed else { return }
      state.isPaused = false
      source.resume()
    }
  }

  /// Stops listening and returns once the port is free.
  func close() {
    let closes = state.withLock { state in
      if state.isClosed { return false }
      state.isClosed = true
      if state.isPaused { source.resume() }
      source.cancel()
      return true
    }
    if closes { released.wait() }
  }
}
