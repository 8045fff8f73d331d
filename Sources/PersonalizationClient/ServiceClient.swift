import Digests
import Foundation
import HTTPTypes
import ModelCards
import ServiceAPI
import Transfers

/// Talks to a CRISP server: asks for a tailored model, follows the job, downloads and verifies.
public struct ServiceClient: Sendable {
  let server: String
  let transfers: TransferClient
  private let token: String?
  private let waiting: @Sendable (_ seconds: Int, _ reason: String) -> Void

  /// Bytes of an answer in memory: the largest model's.
  private static let longestAnswer = 1 << 32

  /// How long a client waits in all, for one answer, where the server asks it to come back later.
  private static let patienceWhenAsked = 600

  /// A client of the server at that address, for example `http://127.0.0.1:8080`, with an access
  /// token where the server asks for one.
  /// - Parameters:
  ///   - certificateFile: A PEM file of authorities to trust in place of the system's.
  ///   - waiting: called before a wait that the server asked for with `Retry-After`.
  public init(
    server text: String, token: String? = nil, certificateFile: String? = nil,
    waiting: @escaping @Sendable (_ seconds: Int, _ reason: String) -> Void = { _, _ in }
  ) throws(ClientError) {
    guard let url = URL(string: text), let scheme = url.scheme, ["http", "https"].contains(scheme),
      url.host != nil
    else { throw .invalidServer(text) }
    // What a field can carry (RFC 6750 §2.1); the error must not repeat it.
    guard token?.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) ?? true else {
      throw .invalidToken
    }
    server = url.absoluteString
    self.token = token
    self.waiting = waiting
    var configuration = TransferClient.Configuration()
    configuration.certificateFile = certificateFile
    // An event stream is as long as its job; one that stands still ends all the same.
    configuration.totalTimeout = 7 * 86_400
    do throws(TransferError) {
      transfers = try TransferClient(configuration)
    } catch {
      throw ClientError(error, server: server)
    }
  }

  /// Posts a request for `classes` (a JSON body of `POST /users/{user}/classes`).
  public func submit(user: String, body: JSONValue) async throws -> JobResource {
    var request = request(["users", user, "classes"])
    request.method = .post
    request.body = .bytes(try JSONEncoder().encode(body))
    request.headers[.contentType] = "application/json"
    return try await decoded(request)
  }

  /// The job as it is now.
  public func job(_ id: String) async throws -> JobResource {
    try await decoded(request(["jobs", id]))
  }

  /// A model's description.
  public func card(_ model: String) async throws -> ModelCard {
    try await decoded(request(["models", model, "card"]))
  }

  /// Downloads a model to a file and compares its SHA-256 with the ETag. The file appears only
  /// when it is complete and right.
  public func download(
    _ model: String, to path: String, as format: DownloadFormat = .crisp
  ) async throws -> (bytes: Int, sha256: String) {
    let (data, response) = try await send(
      request(["models", model], query: [("format", format.rawValue)]))
    // Of a redirection, the server's own field counts, and not the tag of whoever has the bytes.
    let tag = HTTPField.Name("X-Linked-Etag").flatMap { response.headers[$0] }
    let expected = (tag ?? response.headers[.eTag] ?? "")
      .trimmingCharacters(in: CharacterSet(charactersIn: "\""))
    let found = SHA256.digest(of: data).hex
    guard found == expected else {
      throw ClientError.digestMismatch(expected: expected, found: found)
    }
    do {
      try data.write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw ClientError.unwritable(path: path, reason: error.localizedDescription)
    }
    return (data.count, found)
  }

  // MARK: HTTP

  /// Every segment is data: anything but unreserved characters is escaped (RFC 3986, 2.3).
  func request(_ segments: [String], query: [(name: String, value: String?)] = [])
    -> TransferRequest
  {
    let unreserved = CharacterSet(
      charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
    func escaped(_ text: String) -> String {
      text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
    }
    let path = segments.map(escaped).joined(separator: "/")
    let pairs = query.compactMap { name, value in value.map { "\(name)=\(escaped($0))" } }
    let target = pairs.isEmpty ? path : "\(path)?\(pairs.joined(separator: "&"))"
    var request = TransferRequest(
      .get, server + (server.hasSuffix("/") ? "" : "/") + target)
    if let token { request.headers[.authorization] = "Bearer \(token)" }
    return request
  }

  /// Sends a request, again after a while if the server asks for that (RFC 9110 §10.2.3).
  private func send(_ request: TransferRequest) async throws -> (Data, TransferHead) {
    var waited = 0
    while true {
      let answer: TransferResponse
      do throws(TransferError) {
        answer = try await transfers.answer(to: request, limit: Self.longestAnswer)
      } catch {
        throw ClientError(error, server: server)
      }
      let (data, response) = (answer.body, answer.head)
      if (200..<300).contains(response.status) { return (data, response) }
      // A server that hands a file over names its digest; nobody else is followed.
      if request.method == .get, response.status == 307,
        HTTPField.Name("X-Linked-Etag").flatMap({ response.headers[$0] }) != nil,
        let location = response.headers[.location]
      {
        return (try await fetched(from: location), response)
      }
      let refusal = Self.refused(response, data)
      guard [429, 503].contains(response.status), let seconds = Self.retryAfter(response),
        waited + seconds <= Self.patienceWhenAsked
      else { throw refusal }
      waited += max(1, seconds)
      waiting(seconds, refusal.description)
      try await Task.sleep(for: .seconds(seconds))
    }
  }

  /// What lies where the server sends a client for a file's bytes. The address itself lets in; the token is
  /// for the server alone.
  private func fetched(from location: String) async throws -> Data {
    let answer: TransferResponse
    let host = URL(string: location)?.host ?? "where the server sends for it"
    do throws(TransferError) {
      answer = try await transfers.answer(
        to: TransferRequest(.get, location), limit: Self.longestAnswer)
    } catch {
      throw ClientError(error, server: host)
    }
    guard answer.head.status == 200 else {
      throw ClientError.unreachable(
        server: host,
        reason: "it answers the server's address of the file with status \(answer.head.status)")
    }
    return answer.body
  }

  /// The error that an answer other than 2xx is.
  static func refused(_ response: TransferHead, _ body: Data) -> ClientError {
    let problem = try? JSONDecoder().decode(JSONValue.self, from: body)
    return .refused(
      status: response.status, code: problem?["code"]?.text ?? "unknown",
      detail: problem?["detail"]?.text ?? "no reason given")
  }

  /// Seconds of `Retry-After`; a date there, which this server does not send, counts as none.
  static func retryAfter(_ response: TransferHead) -> Int? {
    response.headers[.retryAfter].flatMap { Int($0) }
      .map { min(max(0, $0), 3600) }
  }

  /// Sends a request whose answer says nothing but that it was done.
  func done(_ request: TransferRequest) async throws { _ = try await send(request) }

  func decoded<Value: Decodable>(_ request: TransferRequest) async throws -> Value {
    let (data, _) = try await send(request)
    do {
      return try JSONDecoder().decode(Value.self, from: data)
    } catch {
      throw ClientError.unexpectedAnswer(path: "\(request)", reason: "\(error)")
    }
  }
}
