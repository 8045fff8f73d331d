import Dispatch
import Glibc

/// Turns SIGTERM and SIGINT into something to wait for; a second signal ends the process at once.
final class StopSignals {
  private let semaphore = DispatchSemaphore(value: 0)
  private var sources: [any DispatchSourceSignal] = []

  init() {
    let queue = DispatchQueue(label: "crisp.signals")
    for number in [SIGTERM, SIGINT] {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler { [semaphore] in
        semaphore.signal()
        signal(number, SIG_DFL)
      }
      source.resume()
      sources.append(source)
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
    signal(SIGHUP, SIG_IGN)
    source = DispatchSource.makeSignalSource(
      signal: SIGHUP, queue: DispatchQueue(label: "crisp.hangup"))
    source.setEventHandler(handler: action)
    source.resume()
  }

  deinit { source.cancel() }
}
