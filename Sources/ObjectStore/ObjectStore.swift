import Digests
import Foundation
import HTTPTypes
import Synchronization
import Transfers

/// Objects below one prefix of a bucket, on any server of S3's protocol. All calls block, and may come
/// from any thread.
///
/// Requests that meet an overloaded store, or a broken connection, are made again a bounded number of
/// times; every operation here may be repeated.
public final class ObjectStore: Sendable {
  /// What holds for all requests.
  public struct Options: Sendable {
    /// A PEM file of authorities to trust in place of the system's.
    public var certificateFile: String?
    /// What happens after failures that pass.
    public var retry = RetryPolicy()
    /// Bytes of the largest object that goes in one request, and of one part of larger ones; 5 MiB
    /// at least, which is the protocol's own bound.
    public var partSize: Int64 = 16 << 20
    /// Seconds until a connection stands.
    public var connectTimeout: TimeInterval = 10
    /// Seconds without progress until a request counts as failed.
    public var stallTimeout: TimeInterval = 30
    /// The time of day.
    public var clock: @Sendable () -> Date = { Date() }

    /// The values that the members have by themselves.
    public init() {}
  }

  /// Where it is.
  public let address: ObjectStoreAddress
  let options: Options
  /// Whether `If-None-Match: *` is sent; the probe, or the store's refusal, ends it.
  let sendsConditions = Atomic<Bool>(true)
  /// Whether the last request got an answer that is one.
  let isUsable = Atomic<Bool>(true)
  /// The database that has claimed the place.
  let owner = Mutex<String?>(nil)
  private let client: TransferClient
  private let credentials: CredentialSource

  /// Bytes of a document that an answer may be.
  private static let longestDocument = 8 << 20

  /// Asks nothing of the store yet; see ``probe()``.
  /// - Throws: ``ObjectStoreError/unreachable(store:_:)`` for a program without libcurl or a file of
  ///   authorities that cannot be read.
  public init(
    _ address: ObjectStoreAddress, credentials: CredentialSource, options: Options = Options()
  ) throws(ObjectStoreError) {
    self.address = address
    self.credentials = credentials
    self.options = options
    var configuration = TransferClient.Configuration()
    configuration.certificateFile = options.certificateFile
    configuration.connectTimeout = options.connectTimeout
    configuration.stallTimeout = options.stallTimeout
    configuration.lowestRate = 1024
    configuration.totalTimeout = 3600
    configuration.idleConnections = 32
    do throws(TransferError) {
      client = try TransferClient(configuration)
    } catch {
      throw .unreachable(store: "\(address)", error)
    }
  }

  /// One request, before it is signed.
  struct Call {
    var method: HTTPRequest.Method
    /// Below the prefix; nil asks the bucket.
    var key: String?
    var query: [(name: String, value: String)] = []
    /// By lower-case names.
    var headers: [String: String] = [:]
    var body = TransferRequest.Body.none
    /// The body's digest in hexadecimal.
    var payload = ObjectStore.emptyPayload
    var action: ObjectStoreError.Action
  }

  static let emptyPayload = SHA256.digest(of: [UInt8]()).hex

  /// An address that anyone may fetch the object from for a while.
  /// - Parameters:
  ///   - key: The object.
  ///   - seconds: 1 to 604,800, as the protocol has it; others are taken to the nearest of these.
  ///   - headers: Fields that the store is to answer with, such as `content-disposition`.
  public func presignedURL(
    of key: String, for seconds: Int, answering headers: [String: String] = [:]
  ) -> String {
    let call = Call(method: .get, key: key, action: .read)
    let request = RequestSigner.Request(
      method: "GET", path: path(call),
      query: headers.map { ("response-\($0.key)", $0.value) },
      headers: ["host": address.authority], payload: "UNSIGNED-PAYLOAD")
    let query = signer().presigned(
      request, seconds: min(max(1, seconds), 604_800), at: options.clock())
    return "\(address.endpoint)\(request.path)?\(query)"
  }

  /// Makes a request, again where that may help.
  /// - Parameters:
  ///   - accepted: Statuses that are an answer; others become errors.
  func perform(
    _ call: Call, accepting accepted: Set<Int> = [200, 204],
    cancellation: TransferCancellation? = nil, attempts: Int? = nil
  ) throws(ObjectStoreError) -> TransferResponse {
    let attempts = attempts ?? options.retry.attempts
    var attempt = 0
    while true {
      attempt += 1
      var asked: TimeInterval?
      let error: ObjectStoreError
      let isPassing: Bool
      switch result(call, cancellation) {
      case .success(let response):
        if accepted.contains(response.head.status) {
          isUsable.store(true, ordering: .relaxed)
          return response
        }
        error = refusal(response.head, response.body, of: call)
        isPassing = Self.isPassing(response.head, response.body)
        asked = response.head.headers[.retryAfter].flatMap { TimeInterval($0) }
      case .failure(let failure):
        error = .unreachable(store: "\(address)", failure)
        isPassing = failure.isPassing
      }
      guard isPassing, attempt < attempts, cancellation?.isCancelled != true else {
        throw noted(error)
      }
      options.retry.wait(options.retry.pause(after: attempt, asked: asked))
    }
  }

  /// Remembers whether an error is the store's, or one of a single object.
  func noted(_ error: ObjectStoreError) -> ObjectStoreError {
    if error.isOfStore { isUsable.store(false, ordering: .relaxed) }
    return error
  }

  private func result(
    _ call: Call, _ cancellation: TransferCancellation?
  ) -> Result<TransferResponse, TransferError> {
    Result { () throws(TransferError) in
      try client.send(request(call), limit: Self.longestDocument, cancellation: cancellation)
    }
  }

  /// Makes a request once, and hands over what comes with status 206.
  func stream(
    _ call: Call, cancellation: TransferCancellation?,
    into consume: (TransferHead, UnsafeRawBufferPointer) throws -> Void
  ) throws -> (head: TransferHead, document: Data) {
    var document = Data()
    let head = try client.receive(request(call), cancellation: cancellation) { head, piece in
      if head.status == 206 {
        try consume(head, piece)
      } else {
        // Not to the end: it may be a whole object.
        guard head.status != 200 else { throw unexpected("it knows no ranges") }
        guard piece.count <= Self.longestDocument - document.count else {
          throw unexpected("a document that is too long")
        }
        document.append(contentsOf: piece)
      }
    }
    return (head, document)
  }

  /// Signed anew each time, because a signature holds for minutes.
  private func request(_ call: Call) -> TransferRequest {
    let credentials = credentials.current()
    let date = options.clock()
    var headers = call.headers
    headers["host"] = address.authority
    headers["x-amz-content-sha256"] = call.payload
    headers["x-amz-date"] = RequestSigner.time(date)
    headers["x-amz-security-token"] = credentials.sessionToken
    let path = path(call)
    let signature = RequestSigner(credentials: credentials, region: address.region).authorization(
      of: RequestSigner.Request(
        method: call.method.rawValue, path: path, query: call.query, headers: headers,
        payload: call.payload),
      at: date)
    headers["authorization"] = signature
    headers["host"] = nil
    var fields = HTTPFields()
    for (name, value) in headers.sorted(by: { $0.key < $1.key }) {
      if let name = HTTPField.Name(name) { fields[name] = value }
    }
    let query = call.query.isEmpty ? "" : "?\(URIEncoding.query(call.query))"
    return TransferRequest(
      call.method, "\(address.endpoint)\(path)\(query)", headers: fields, body: call.body)
  }

  private func signer() -> RequestSigner {
    RequestSigner(credentials: credentials.current(), region: address.region)
  }

  private func path(_ call: Call) -> String {
    let key = call.key.map { "/" + URIEncoding.path(address.prefix + $0) } ?? ""
    return "/\(address.bucket)\(key)"
  }
}
