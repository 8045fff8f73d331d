import Foundation
import HTTPTypes

/// An HTTP request, before it is sent.
public struct TransferRequest: Sendable {
  /// What goes along with it.
  public enum Body: Sendable {
    /// Nothing.
    case none
    /// Bytes in memory.
    case bytes(Data)
    /// `length` bytes of a file, read while they are sent.
    case file(BodyFile, offset: Int64, length: Int64)
  }

  /// The method.
  public var method: HTTPRequest.Method
  /// The whole address, escaped as it goes over the wire; no user or password in it.
  public var url: String
  /// The header fields. The client adds `Host`, `Content-Length`, `User-Agent` and `Accept`.
  public var headers: HTTPFields
  /// The body.
  public var body: Body

  /// A request of these parts.
  public init(
    _ method: HTTPRequest.Method, _ url: String, headers: HTTPFields = [:], body: Body = .none
  ) {
    self.method = method
    self.url = url
    self.headers = headers
    self.body = body
  }
}

extension TransferRequest: CustomStringConvertible, CustomDebugStringConvertible {
  /// Method and path; a query or a field may hold credentials.
  public var description: String { "\(method) \(url.prefix { $0 != "?" })" }

  /// The same.
  public var debugDescription: String { description }
}

/// Status and fields of an answer.
public struct TransferHead: Sendable {
  /// The status, 200 to 599.
  public let status: Int
  /// The header fields.
  public let headers: HTTPFields

  /// A head of these parts.
  public init(status: Int, headers: HTTPFields) {
    self.status = status
    self.headers = headers
  }
}

/// An answer with its body in memory.
public struct TransferResponse: Sendable {
  /// Status and fields.
  public let head: TransferHead
  /// The body.
  public let body: Data

  /// An answer of these parts.
  public init(head: TransferHead, body: Data) {
    self.head = head
    self.body = body
  }
}
