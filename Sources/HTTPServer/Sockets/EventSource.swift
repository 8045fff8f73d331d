import Dispatch

/// A Dispatch source, shared between threads.
///
/// Unchecked because the overlay does not mark sources as Sendable, though dispatch(3) objects are
/// made to be used from any thread.
struct EventSource: @unchecked Sendable {
  private let source: any DispatchSourceProtocol

  /// A source, inactive and without handlers, that fires while a descriptor can be read.
  static func readable(_ descriptor: Int32, queue: DispatchQueue) -> EventSource {
    EventSource(source: DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue))
  }

  /// A source, inactive and without handlers, that fires again and again.
  static func timer(every interval: UInt64, queue: DispatchQueue) -> EventSource {
    let timer = DispatchSource.makeTimerSource(queue: queue)
    let interval = Int(clamping: interval)
    timer.schedule(
      deadline: .now() + .nanoseconds(interval), repeating: .nanoseconds(interval),
      leeway: .nanoseconds(interval / 4))
    return EventSource(source: timer)
  }

  /// Sets what happens on an event, and once after `cancel`. Both are let go after the latter.
  func onEvent(
    _ event: @escaping @Sendable () -> Void, cancelled: (@Sendable () -> Void)? = nil
  ) {
    source.setEventHandler(handler: event)
    source.setCancelHandler(handler: cancelled)
  }

  /// Starts a new source, or undoes one `suspend`.
  func resume() { source.resume() }
  func suspend() { source.suspend() }
  func cancel() { source.cancel() }
}
