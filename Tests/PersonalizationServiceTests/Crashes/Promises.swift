import Digests
import Foundation
import ServiceAPI
import Synchronization

/// What a server has acknowledged to its clients. None of it may be gone after a crash.
final class Promises: Sendable {
  /// An acknowledged request.
  struct Request: Sendable {
    let user: String
    let key: String
    let body: JSONValue
    let job: String
    var isCancelled = false
    /// The model's name and SHA-256, once the client has downloaded it.
    var model: (name: String, digest: String)?
  }

  private struct State {
    var requests: [String: Request] = [:]
    var deletedUsers: Set<String> = []
  }

  private let state = Mutex(State())

  var requests: [Request] { state.withLock { Array($0.requests.values) } }
  var deletedUsers: Set<String> { state.withLock { $0.deletedUsers } }

  func request(_ key: String) -> Request? { state.withLock { $0.requests[key] } }

  /// - Returns: False when the same request was given another job before.
  func accepted(_ request: Request) -> Bool {
    state.withLock { state in
      if let known = state.requests[request.key] { return known.job == request.job }
      state.requests[request.key] = request
      return true
    }
  }

  func cancelled(_ key: String) { state.withLock { $0.requests[key]?.isCancelled = true } }

  func downloaded(_ key: String, model: String, digest: String) {
    state.withLock { $0.requests[key]?.model = (model, digest) }
  }

  /// From now on nothing of the user may be there, whether the deletion is answered or not.
  func deleting(_ user: String) {
    state.withLock { $0.requests = $0.requests.filter { $0.value.user != user } }
  }

  func deleted(_ user: String) { _ = state.withLock { $0.deletedUsers.insert(user) } }

  /// What a server has forgotten or changed.
  func broken(_ client: HTTPClient, sample: Int = .max) throws -> [String] {
    var broken: [String] = []
    let (requests, users) = state.withLock { ($0.requests.values.prefix(sample), $0.deletedUsers) }
    for request in requests {
      let reply = try client.complete("GET", "/jobs/\(request.job)")
      // Deleted by its user since the list was made.
      if self.request(request.key) == nil { continue }
      guard reply.status == 200 else {
        broken.append("\(request.job) of \(request.user): \(reply.status)")
        continue
      }
      if let model = request.model {
        let bytes = try client.complete("GET", "/models/\(model.name)")
        if bytes.status != 200 || SHA256.digest(of: bytes.body).hex != model.digest,
          self.request(request.key) != nil
        {
          broken.append("\(model.name) of \(request.user): \(bytes.status)")
        }
      }
    }
    for user in users.prefix(sample) {
      let status = try client.complete("GET", "/users/\(user.encoded)").status
      if status != 404 { broken.append("deleted \(user): \(status)") }
    }
    return broken
  }
}

extension HTTPClient {
  /// A response that is there to its last byte; a server that dies may leave half of one.
  func complete(
    _ method: String, _ target: String, fields: [(String, String)] = [], body: Data? = nil
  ) throws -> Reply {
    let reply = try send(method, target, fields: fields, body: body)
    let length = reply["Content-Length"].flatMap { Int($0) } ?? 0
    guard reply.status == 204 || reply.body.count == length else {
      throw Failure(call: "end of stream inside the body", errno: 0)
    }
    return reply
  }
}
