import Dispatch
import Foundation
import Transfers

/// An answer whose body is read as it arrives.
enum StreamedAnswer {
  /// In this order: one head, then any number of pieces.
  enum Part: Sendable {
    case head(TransferHead)
    case bytes(Data)
  }

  /// Sends the request, from a thread of Dispatch. The sequence throws what ends the connection early;
  /// leaving it ends the connection.
  static func parts(
    of request: TransferRequest, by client: TransferClient
  ) -> AsyncThrowingStream<Part, any Error> {
    AsyncThrowingStream { continuation in
      let cancellation = TransferCancellation()
      continuation.onTermination = { _ in cancellation.cancel() }
      DispatchQueue.global().async {
        var isOpen = false
        func open(_ head: TransferHead) {
          if !isOpen { continuation.yield(.head(head)) }
          isOpen = true
        }
        do {
          let head = try client.receive(request, cancellation: cancellation) { head, piece in
            open(head)
            continuation.yield(.bytes(Data(piece)))
          }
          open(head)
          continuation.finish()
        } catch {
          continuation.finish(throwing: error)
        }
      }
    }
  }
}
