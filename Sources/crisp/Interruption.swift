import Dispatch
import Foundation
import Synchronization

/// Turns the first SIGINT or SIGTERM into something to ask for, so that work can end in order; a
/// second one ends the process at once.
final class Interruption {
  /// Whether there was a signal; may be asked on any thread, while the interruption lives.
  final class Flag: Sendable {
    private let value = Atomic(false)
    var isSet: Bool { value.load(ordering: .relaxed) }
    func set() { value.store(true, ordering: .relaxed) }
  }

  let flag = Flag()
  private var sources: [any DispatchSourceSignal] = []

  /// - Parameter action: done at the first signal, on a queue of its own.
  init(_ action: @escaping @Sendable () -> Void = {}) {
    let queue = DispatchQueue(label: "crisp.signals")
    sources = [SIGINT, SIGTERM].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler { [flag] in
        flag.set()
        action()
        signal(number, SIG_DFL)
      }
      source.resume()
      return source
    }
  }
}
