import Dispatch
import Foundation
import HTTPTypes
import Synchronization

/// Makes HTTP requests through libcurl, on the thread that asks; from any number of threads at once.
///
/// Connections stay open for the next request. Certificates are always verified. Redirects are
/// answers like others unless the configuration allows some. The environment's `http_proxy`,
/// `https_proxy` and `no_proxy` count, except for this machine's own addresses.
///
/// Every request has a bound of time: for connecting, for standing still and in all.
public final class TransferClient: Sendable {
  /// What holds for all requests of a client.
  public struct Configuration: Sendable {
    /// Seconds until a connection stands.
    public var connectTimeout: TimeInterval = 10
    /// Seconds that a request may pass fewer bytes than ``lowestRate`` asks for, and the longest that
    /// a consumer may hold a piece.
    public var stallTimeout: TimeInterval = 30
    /// Bytes a second, on average over ``stallTimeout``.
    public var lowestRate = 1
    /// Seconds for a request with its answer.
    public var totalTimeout: TimeInterval = 300
    /// A PEM file of authorities to trust in place of the system's.
    public var certificateFile: String?
    /// Redirects that one request may follow; header fields of credentials stay with the first host.
    public var redirects = 0
    /// Connections that stay open while nobody needs them.
    public var idleConnections = 16
    /// The field `User-Agent`.
    public var userAgent = "crisp"

    /// The values that the members have by themselves.
    public init() {}
  }

  /// Whether this program was built with libcurl. Otherwise every request throws
  /// ``TransferError/unavailable``.
  public static var isAvailable: Bool { TransferEngine.isAvailable }

  let configuration: Configuration
  private let idle = Mutex<[TransferEngine]>([])

  /// - Throws: ``TransferError/unavailable``, ``TransferError/invalidCertificateFile(path:reason:)``.
  public init(_ configuration: Configuration = Configuration()) throws(TransferError) {
    guard Self.isAvailable else { throw .unavailable }
    if let path = configuration.certificateFile {
      guard access(path, R_OK) == 0 else {
        throw .invalidCertificateFile(path: path, reason: String(cString: strerror(errno)))
      }
    }
    self.configuration = configuration
  }

  /// Sends a request and hands the answer's body over in pieces, as it comes: constant memory for any
  /// length. What `consume` throws ends the request.
  /// - Parameters:
  ///   - request: What is asked. A body may be sent twice, when the server has closed the connection
  ///     before it took anything.
  ///   - cancellation: Ends the request from another thread.
  ///   - consume: Called on this thread with up to 256 KiB, which are gone when it returns.
  /// - Returns: The answer's head, whatever its status.
  /// - Throws: ``TransferError``, what `consume` throws.
  @discardableResult
  public func receive(
    _ request: TransferRequest, cancellation: TransferCancellation? = nil,
    into consume: (TransferHead, UnsafeRawBufferPointer) throws -> Void
  ) throws -> TransferHead {
    let address = try TransferAddress(request.url)
    let engine = try idle.withLock { $0.popLast() } ?? TransferEngine()
    let head = try engine.perform(
      request, to: address, configuration: configuration, cancellation: cancellation, into: consume)
    // After an error, libcurl's state is not worth keeping.
    idle.withLock { idle in
      if idle.count < configuration.idleConnections { idle.append(engine) }
    }
    return head
  }

  /// Sends a request and keeps the answer in memory.
  /// - Parameter limit: Bytes of a body at most.
  /// - Throws: ``TransferError``.
  public func send(
    _ request: TransferRequest, limit: Int = 8 << 20, cancellation: TransferCancellation? = nil
  ) throws(TransferError) -> TransferResponse {
    var body = Data()
    do {
      let head = try receive(request, cancellation: cancellation) { _, piece in
        guard piece.count <= limit - body.count else {
          throw TransferError.answerTooLarge(
            host: try TransferAddress(request.url).host, limit: limit)
        }
        body.append(contentsOf: piece)
      }
      return TransferResponse(head: head, body: body)
    } catch let error as TransferError {
      throw error
    } catch {
      throw .failed(host: "", reason: "\(error)")
    }
  }

  /// Sends a request from a task, on a thread of Dispatch; ends with the task.
  /// - Parameter limit: Bytes of a body at most.
  /// - Throws: ``TransferError``.
  public func answer(
    to request: TransferRequest, limit: Int = 8 << 20
  ) async throws(TransferError) -> TransferResponse {
    let cancellation = TransferCancellation()
    let answer = Answer()
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        DispatchQueue.global().async {
          let result = Result { () throws(TransferError) in
            try self.send(request, limit: limit, cancellation: cancellation)
          }
          answer.result.withLock { $0 = result }
          continuation.resume()
        }
      }
    } onCancel: {
      cancellation.cancel()
    }
    guard let result = answer.result.withLock({ $0 }) else {
      throw .failed(host: "", reason: "nothing was answered")
    }
    return try result.get()
  }

  /// Handed over under a lock, which ThreadSanitizer sees: Swift's concurrency runtime is not built for it.
  private final class Answer: Sendable {
    let result = Mutex<Result<TransferResponse, TransferError>?>(nil)
  }
}
