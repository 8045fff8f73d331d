import ServiceAPI
import TestSupport
import Testing

/// `POST /jobs/{job}/retry`
@Suite struct RetryTests {
  @Test func whatWasCancelledIsAskedForAgain() throws {
    let server = try TestService { $0.workers = 0 }
    let body = JobBody.body(seed: 3, and: ["metadata": ["note": "mine"], "priority": "low"])
    let first = try server.jobs.submit(body)
    func retry(_ id: String) throws -> HTTPClient.Reply {
      try server.client.send("POST", "/jobs/\(id)/retry")
    }
    let early = try retry(first.id)
    #expect(early.status == 409 && early.code == "job_not_failed", "\(early.text)")
    _ = try server.client.send("POST", "/jobs/\(first.id)/cancel")

    let reply = try retry(first.id)
    #expect(reply.status == 202, "\(reply.text)")
    let second: JobResource = try reply.decode()
    #expect(reply["Location"] == "/jobs/\(second.id)")
    #expect(second.id != first.id)
    #expect(second.status == "queued" && second.attempt == 0)
    #expect(second.recipe == first.recipe && second.classes == first.classes)
    #expect(second.metadata == first.metadata && second.priority == "low")
    #expect(second.user == "ada" && second.baseModel == first.baseModel)
    // Another click finds the same job.
    #expect(try retry(first.id).decode(JobResource.self).id == second.id)
    #expect(try server.jobs.job(first.id).status == "cancelled")
  }

  @Test func whatFailedSucceedsOnceTheReasonIsGone() throws {
    let server = try TestService()
    let data = server.folder.file("data")
    try CornerSquares.writeIDX(to: data, classes: ToyWorld.labels, seed: 5)
    let failed = try server.jobs.wait(server.jobs.submit().id)
    #expect(failed.status == "failed")
    try CornerSquares.writeIDX(to: data, classes: ToyWorld.labels)
    let reply = try server.client.send("POST", "/jobs/\(failed.id)/retry")
    let job = try server.jobs.wait(reply.decode(JobResource.self).id)
    #expect(job.status == "succeeded")
    // Made already: the answer is the finished job.
    let again = try server.client.send("POST", "/jobs/\(failed.id)/retry")
    #expect(again.status == 200)
    #expect(try again.decode(JobResource.self).id == job.id)
  }
}
