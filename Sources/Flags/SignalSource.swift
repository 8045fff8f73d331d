import Dispatch

/// Signals as events, with no moment in which one is lost.
package enum SignalSource {
  /// Does something at every signal of one kind, for as long as the source lives.
  ///
  /// Until this returns the signal ends the process, as it does by default; from then on it is handed to
  /// `action`. It is never set to be ignored: Dispatch puts a handler of its own in place when it
  /// registers the source (on Linux), and what came between the two would be gone.
  /// - Parameters:
  ///   - label: The name of the queue that `action` runs on.
  package static func watching(
    _ number: Int32, label: String, action: @escaping @Sendable () -> Void
  ) -> any DispatchSourceSignal {
    let source = DispatchSource.makeSignalSource(
      signal: number, queue: DispatchQueue(label: label))
    let registered = DispatchSemaphore(value: 0)
    source.setRegistrationHandler { registered.signal() }
    source.setEventHandler(handler: action)
    source.resume()
    registered.wait()
    return source
  }
}
