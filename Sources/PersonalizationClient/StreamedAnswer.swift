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
  ///
  /// `first` is answered before, on the same connection, whatever the answer is. Foundation on Linux
  /// goes on watching whether a socket can be written to that it has opened itself, and so keeps two
  /// cores busy for as long as an answer takes; for one that it uses again it does not.
  static func parts(
    of request: URLRequest, after first: URLRequest, configuration: URLSessionConfiguration
  ) -> AsyncThrowingStream<Part, any Error> {
    AsyncThrowingStream { continuation in
      let session = URLSession(
        configuration: configuration, delegate: Receiver(continuation), delegateQueue: nil)
      continuation.onTermination = { _ in session.invalidateAndCancel() }
      session.dataTask(with: first) { _, _, _ in session.dataTask(with: request).resume() }.resume()
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
