import Digests
import Foundation
import ServiceAPI

/// A client that can repeat everything it does until it knows that it was done, and keeps account of
/// what it was told.
struct CrashClient: Sendable {
  /// An answer that no crash excuses.
  struct Wrong: Error, CustomStringConvertible {
    let description: String
  }

  let promises: Promises

  /// Asks for a model under a key of the request's own.
  func submit(_ key: String, user: String, body: JSONValue, _ client: HTTPClient) throws {
    let reply = try client.complete(
      "POST", "/users/\(user.encoded)/classes", fields: [("Idempotency-Key", key)],
      body: JSONEncoder().encode(body))
    guard [200, 202].contains(reply.status), let job = reply.json["id"]?.text else {
      throw Wrong(description: "POST by \(user): \(reply.status) \(reply.text)")
    }
    guard promises.accepted(Promises.Request(user: user, key: key, body: body, job: job)) else {
      throw Wrong(description: "\(key) has another job than before: \(job)")
    }
  }

  /// Waits for the job's end; downloads and remembers what it made.
  func finish(_ key: String, _ client: HTTPClient) throws {
    guard let request = promises.request(key) else { return }
    while true {
      let reply = try client.complete("GET", "/jobs/\(request.job)")
      guard reply.status == 200 else {
        throw Wrong(description: "\(request.job): \(reply.status) \(reply.text)")
      }
      let job: JobResource = try reply.decode()
      if job.isFinished {
        switch job.status {
        case "succeeded":
          guard let model = job.resultModel else { throw Wrong(description: "\(job)") }
          let file = try client.complete("GET", "/models/\(model)")
          let digest = SHA256.digest(of: file.body).hex
          guard file.status == 200, file["ETag"] == "\"\(digest)\"" else {
            throw Wrong(description: "half of \(model): \(file.status)")
          }
          promises.downloaded(key, model: model, digest: digest)
        case "cancelled" where request.isCancelled: break
        case "failed" where job.error?.code == "worker_died_repeatedly": break
        default: throw Wrong(description: "\(job)")
        }
        return
      }
      usleep(5_000)
    }
  }

  func cancel(_ key: String, _ client: HTTPClient) throws {
    guard let request = promises.request(key) else { return }
    // Asked for, whatever becomes of the answer.
    promises.cancelled(key)
    let reply = try client.complete("POST", "/jobs/\(request.job)/cancel")
    guard [200, 202, 409].contains(reply.status) else {
      throw Wrong(description: "cancelling \(request.job): \(reply.status) \(reply.text)")
    }
  }

  func delete(_ user: String, _ client: HTTPClient) throws {
    promises.deleting(user)
    let reply = try client.complete("DELETE", "/users/\(user.encoded)")
    // 404 when the answer to the first attempt was lost.
    guard [204, 404].contains(reply.status) else {
      throw Wrong(description: "deleting \(user): \(reply.status) \(reply.text)")
    }
    promises.deleted(user)
  }
}
