import Dispatch
import Foundation
import Synchronization

/// Turns the first SIGINT or SIGTERM into something to ask for, so that work can end in order; a
/// second one ends the process at once.
final class Interruption {
  /// Whether there was a signal, and which was the first; may be asked on any thread.
  final class Flag: Sendable {
    private let value = Atomic<Int32>(0)
    var isSet: Bool { number != 0 }
    /// Zero without a signal.
    var number: Int32 { value.load(ordering: .relaxed) }
    func set(_ number: Int32) {
      _ = value.compareExchange(expected: 0, desired: number, ordering: .relaxed)
    }
  }

  let flag = Flag()
  private var sources: [any DispatchSourceSignal] = []

  /// - Parameter action: done at the first signal, on a queue of its own.
  init(_ action: @escaping @Sendable () -> Void = {}) {
    let queue = DispatchQueue(label: "crisp.signals")
    let numbers = [SIGINT, SIGTERM]
    sources = numbers.map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler { [flag] in
        flag.set(number)
        // Before anything is asked: what is asked may be answered by a second one.
        for number in numbers { signal(number, SIG_DFL) }
        action()
      }
      source.resume()
      return source
    }
  }
}
