import Foundation
import FoundationNetworking

/// An answer whose body is read as it arrives.
enum StreamedAnswer {
  /// In this order: one head, then any number of pieces.
  enum Part: Sendable {
    case head(HTTPURLResponse)
    case bytes(Data)
  }

  /// Sends the request. The sequence throws what ends the connection early; leaving it ends the
  /// connection.
  static func parts(
    of request: URLRequest, configuration: URLSessionConfiguration
  ) -> AsyncThrowingStream<Part, any Error> {
    AsyncThrowingStream { continuation in
      let session = URLSession(
        configuration: configuration, delegate: Receiver(continuation), delegateQueue: nil)
      let task = session.dataTask(with: request)
      continuation.onTermination = { _ in session.invalidateAndCancel() }
      task.resume()
    }
  }

  private final class Receiver: NSObject, URLSessionDataDelegate {
    private let continuation: AsyncThrowingStream<Part, any Error>.Continuation

    init(_ continuation: AsyncThrowingStream<Part, any Error>.Continuation) {
      self.continuation = continuation
    }

    func urlSession(
      _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
      completionHandler: @escaping (URLSession.ResponseDisposition) -> Void
    ) {
      if let response = response as? HTTPURLResponse { continuation.yield(.head(response)) }
      completionHandler(.allow)
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
      continuation.yield(.bytes(data))
    }

    func urlSession(
      _ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?
    ) {
      continuation.finish(throwing: error)
    }
  }
}
