import HTTPServer
import Synchronization

/// A live body that says what a test tells it to.
final class ScriptedBody: LiveBody {
  struct Failed: Error {}

  private struct State {
    var parts: [LivePart] = []
    var fails = false
    var wake: (@Sendable () -> Void)?
    var asked = 0
  }

  let idleInterval: Duration
  let idleBytes = ServerSentEvent.comment
  let started = Signal()
  let stopped = Signal()
  private let state: Mutex<State>

  init(_ parts: [LivePart] = [], idleInterval: Duration = .seconds(60)) {
    state = Mutex(State(parts: parts))
    self.idleInterval = idleInterval
  }

  /// How many parts the server has asked for.
  var asked: Int { state.withLock { $0.asked } }

  /// Says more.
  func say(_ parts: LivePart...) {
    let wake = state.withLock { state in
      state.parts += parts
      return state.wake
    }
    wake?()
  }

  /// Fails instead of saying more.
  func fail() {
    let wake = state.withLock { state in
      state.fails = true
      return state.wake
    }
    wake?()
  }

  func start(wake: @escaping @Sendable () -> Void) {
    state.withLock { $0.wake = wake }
    started.set()
  }

  func next() throws -> LivePart {
    try state.withLock { state in
      state.asked += 1
      if !state.parts.isEmpty { return state.parts.removeFirst() }
      if state.fails { throw Failed() }
      return .nothingYet
    }
  }

  func stop() { stopped.set() }
}

extension LivePart {
  /// A text.
  static func text(_ text: String) -> LivePart { .bytes(Array(text.utf8)) }
}
