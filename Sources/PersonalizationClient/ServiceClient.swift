import Digests
import Foundation
import FoundationNetworking
import ModelCards
import ServiceAPI

/// Talks to a CRISP server: asks for a tailored model, follows the job, downloads and verifies.
public struct ServiceClient: Sendable {
  let server: URL
  let configuration: URLSessionConfiguration
  private let session: URLSession
  private let token: String?
  private let waiting: @Sendable (_ seconds: Int, _ reason: String) -> Void

  /// How long a client waits in all, for one answer, where the server asks it to come back later.
  private static let patienceWhenAsked = 600

  /// A client of the server at that address, for example `http://127.0.0.1:8080`, with an access
  /// token where the server asks for one.
  /// - Parameter waiting: called before a wait that the server asked for with `Retry-After`.
  public init(
    server text: String, token: String? = nil,
    waiting: @escaping @Sendable (_ seconds: Int, _ reason: String) -> Void = { _, _ in }
  ) throws(ClientError) {
    guard let url = URL(string: text), let scheme = url.scheme, ["http", "https"].contains(scheme),
      url.host != nil
    else { throw .invalidServer(text) }
    // What a field can carry (RFC 6750 §2.1); the error must not repeat it.
    guard token?.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) ?? true else {
      throw .invalidToken
    }
    server = url
    self.token = token
    self.waiting = waiting
    configuration = .ephemeral
    configuration.timeoutIntervalForRequest = 30
    session = URLSession(configuration: configuration)
  }

  /// Posts a request for `classes` (a JSON body of `POST /users/{user}/classes`).
  public func submit(user: String, body: JSONValue) async throws -> JobResource {
    var request = try request(["users", user, "classes"])
    request.httpMethod = "POST"
    request.httpBody = try JSONEncoder().encode(body)
    request.setValue("application/json", forHTTPHeaderField: "Content-Type")
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
    let expected = (response.value(forHTTPHeaderField: "ETag") ?? "")
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
    throws(ClientError) -> URLRequest
  {
    let unreserved = CharacterSet(
      charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
    func escaped(_ text: String) -> String {
      text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
    }
    let path = segments.map(escaped).joined(separator: "/")
    let pairs = query.compactMap { name, value in value.map { "\(name)=\(escaped($0))" } }
    let base = server.absoluteString
    let target = pairs.isEmpty ? path : "\(path)?\(pairs.joined(separator: "&"))"
    guard let url = URL(string: base + (base.hasSuffix("/") ? "" : "/") + target) else {
      throw .invalidServer(base)
    }
    var request = URLRequest(url: url)
    if let token { request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization") }
    return request
  }

  /// Sends a request, again after a while if the server asks for that (RFC 9110 §10.2.3).
  private func send(_ request: URLRequest) async throws -> (Data, HTTPURLResponse) {
    var waited = 0
    while true {
      let (data, response) = try await sendOnce(request)
      if (200..<300).contains(response.statusCode) { return (data, response) }
      let refusal = Self.refused(response, data)
      guard [429, 503].contains(response.statusCode), let seconds = Self.retryAfter(response),
        waited + seconds <= Self.patienceWhenAsked
      else { throw refusal }
      waited += max(1, seconds)
      waiting(seconds, refusal.description)
      try await Task.sleep(for: .seconds(seconds))
    }
  }

  private func sendOnce(
    _ request: URLRequest
  ) async throws(ClientError) -> (Data, HTTPURLResponse) {
    let (data, response): (Data, URLResponse)
    do {
      (data, response) = try await session.data(for: request)
    } catch {
      throw .unreachable(server: server.absoluteString, reason: error.localizedDescription)
    }
    guard let response = response as? HTTPURLResponse else {
      throw .unexpectedAnswer(path: request.url?.path ?? "/", reason: "it is not HTTP")
    }
    return (data, response)
  }

  /// The error that an answer other than 2xx is.
  static func refused(_ response: HTTPURLResponse, _ body: Data) -> ClientError {
    let problem = try? JSONDecoder().decode(JSONValue.self, from: body)
    return .refused(
      status: response.statusCode, code: problem?["code"]?.text ?? "unknown",
      detail: problem?["detail"]?.text ?? "no reason given")
  }

  /// Seconds of `Retry-After`; a date there, which this server does not send, counts as none.
  static func retryAfter(_ response: HTTPURLResponse) -> Int? {
    response.value(forHTTPHeaderField: "Retry-After").flatMap { Int($0) }
      .map { min(max(0, $0), 3600) }
  }

  func decoded<Value: Decodable>(_ request: URLRequest) async throws -> Value {
    let (data, _) = try await send(request)
    do {
      return try JSONDecoder().decode(Value.self, from: data)
    } catch {
      throw ClientError.unexpectedAnswer(path: request.url?.path ?? "/", reason: "\(error)")
    }
  }
}
