import Foundation
import ServiceAPI

/// Follows jobs through the API, as clients do.
struct JobFollower: Sendable {
  struct Gone: Error, CustomStringConvertible {
    let description: String
  }

  let client: HTTPClient

  init(_ client: HTTPClient) { self.client = client }

  /// Posts a request that must be accepted; returns the job.
  func submit(_ body: JSONValue = JobBody.quick, user: String = "ada") throws -> JobResource {
    let reply = try client.post("/users/\(user)/classes", body)
    guard [200, 202].contains(reply.status) else { throw Gone(description: reply.text) }
    return try reply.decode()
  }

  func job(_ id: String) throws -> JobResource { try client.get("/jobs/\(id)").decode() }

  func events(_ id: String, after: Int64 = 0) throws -> [JobEventResource] {
    try client.get("/jobs/\(id)/events?after=\(after)&limit=100")
      .decode(ListResource<JobEventResource>.self).data
  }

  /// Waits until the job is as wanted.
  func wait(_ id: String, until isDone: (JobResource) -> Bool = \.isFinished) throws -> JobResource
  {
    try poll("job \(id)") {
      let job = try self.job(id)
      if isDone(job) { return job }
      if job.isFinished { throw Gone(description: "\(id) has ended: \(job)") }
      return nil
    }
  }

  func waitUntilRunning(_ id: String) throws {
    // The first report of progress comes from inside the run.
    _ = try wait(id) { $0.status == "running" && $0.progress?.stage == "dense" }
  }

  /// Waits for an event of a type.
  @discardableResult
  func waitForEvent(_ type: String, of id: String) throws -> JobEventResource {
    var last: Int64 = 0
    return try poll("event \(type) of \(id)") {
      let page = try events(id, after: last)
      last = page.last?.id ?? last
      return page.first { $0.type == type }
    }
  }

  /// Asks until there is an answer, at most for some minutes: a machine that is busy with other things is
  /// no fault.
  private func poll<Value>(_ what: String, _ ask: () throws -> Value?) throws -> Value {
    for _ in 0..<30_000 {
      if let value = try ask() { return value }
      usleep(10_000)
    }
    throw Gone(description: "waited in vain for \(what)")
  }
}
