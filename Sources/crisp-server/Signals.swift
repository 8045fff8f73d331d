import Dispatch
import Flags
import Glibc

/// Turns SIGTERM and SIGINT into something to wait for; a second signal ends the process at once.
final class StopSignals {
  private let semaphore = DispatchSemaphore(value: 0)
  private var sources: [any DispatchSourceSignal] = []

  init() {
    sources = [SIGTERM, SIGINT].map { number in
      SignalSource.watching(number, label: "crisp.signals") { [semaphore] in
        semaphore.signal()
        signal(number, SIG_DFL)
      }
    }
  }

  func wait() { semaphore.wait() }

  /// Ends the waiting without a signal, from any thread.
  var end: @Sendable () -> Void { { [semaphore] in semaphore.signal() } }
}

/// Does something on every SIGHUP, for as long as it lives.
final class HangUpSignal {
  private let source: any DispatchSourceSignal

  init(_ action: @escaping @Sendable () -> Void) {
    source = SignalSource.watching(SIGHUP, label: "crisp.hangup", action: action)
  }

  deinit { source.cancel() }
}
