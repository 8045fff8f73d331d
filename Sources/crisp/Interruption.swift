import Dispatch
import Flags
import Foundation
import Synchronization

/// Turns the first SIGINT or SIGTERM into something to ask for, so that work can end in order; a
/// second one ends the process at once. So does one before there is an interruption.
final class Interruption {
  /// Whether there was a signal, and which was the first; may be asked on any thread.
  final class Flag: Sendable {
    private let state = Mutex((number: Int32(0), action: (@Sendable () -> Void)?.none))
    var isSet: Bool { number != 0 }
    /// Zero without a signal.
    var number: Int32 { state.withLock { $0.number } }

    fileprivate func set(_ number: Int32) {
      let action = state.withLock { state in
        guard state.number == 0 else { return (@Sendable () -> Void)?.none }
        state.number = number
        return state.action
      }
      action?()
    }

    /// Does something at the first signal: at once if there was one.
    func atSignal(_ action: @escaping @Sendable () -> Void) {
      let hasCome = state.withLock { state in
        state.action = action
        return state.number != 0
      }
      if hasCome { action() }
    }
  }

  let flag = Flag()
  private var sources: [any DispatchSourceSignal] = []

  init() {
    let numbers = [SIGINT, SIGTERM]
    sources = numbers.map { number in
      SignalSource.watching(number, label: "crisp.signals") { [flag] in
        // Before anything is asked: what is asked may be answered by a second one.
        for number in numbers { signal(number, SIG_DFL) }
        flag.set(number)
      }
    }
  }
}
