import Dispatch
import Synchronization

/// An answer that comes from elsewhere, later: while it is being made, no worker of the server waits
/// for it, and the connection is watched for its client leaving.
public struct DeferredResponse: Sendable {
  /// Takes the answer, or the error that becomes one. From any thread; only the first call counts.
  public typealias Completion = @Sendable (Result<Response, any Error>) -> Void
  /// Says that nobody waits any more. From any thread, any number of times; it must be quick.
  public typealias Cancellation = @Sendable () -> Void

  let begin: @Sendable (@escaping Completion) -> Cancellation

  /// - Parameter begin: starts the work elsewhere and returns at once. Whatever happens, completion
  ///   must be called within a bounded time; the server has no deadline of its own.
  public init(begin: @escaping @Sendable (_ completion: @escaping Completion) -> Cancellation) {
    self.begin = begin
  }

  /// The same with other errors, those of answers that are deferred once more among them.
  public func mapError(_ transform: @escaping @Sendable (any Error) -> any Error)
    -> DeferredResponse
  {
    DeferredResponse { completion in
      begin { result in
        completion(result.map { $0.mapDeferredError(transform) }.mapError(transform))
      }
    }
  }

  /// Waits for the answer, for those who have no connection to watch.
  func wait() throws -> Response {
    let waiter = Waiter()
    _ = begin { result in
      waiter.answer.withLock { if $0 == nil { $0 = result } }
      waiter.done.signal()
    }
    waiter.done.wait()
    guard let answer = waiter.answer.withLock({ $0 }) else { throw CancellationError() }
    return try answer.get().settled()
  }

  private final class Waiter: Sendable {
    let answer = Mutex<Result<Response, any Error>?>(nil)
    let done = DispatchSemaphore(value: 0)
  }
}

extension Response {
  /// A response whose answer comes later. What it says of status and fields does not count.
  public static func deferred(_ answer: DeferredResponse) -> Response {
    Response(.ok, body: .deferred(answer))
  }

  /// The same with other errors, if its answer comes later.
  public func mapDeferredError(_ transform: @escaping @Sendable (any Error) -> any Error)
    -> Response
  {
    guard case .deferred(let answer) = body else { return self }
    return .deferred(answer.mapError(transform))
  }

  /// The response itself, after a wait if it comes later.
  func settled() throws -> Response {
    guard case .deferred(let answer) = body else { return self }
    return try answer.wait()
  }
}
