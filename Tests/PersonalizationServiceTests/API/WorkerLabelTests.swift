import Foundation
import ServiceAPI
import Testing

/// Jobs that ask for what not every worker has.
@Suite struct WorkerLabelTests {
  private static func body(seed: Int, _ labels: JSONValue) -> JSONValue {
    JobBody.body(seed: seed, and: ["requires": labels])
  }

  @Test func aJobWaitsForAWorkerThatHasWhatItNeeds() throws {
    let server = try TestService { $0.labels = ["lab-2", "gpu-lab"] }
    let waiting = try server.jobs.submit(Self.body(seed: 1, ["gpu-lab", "elsewhere"]))
    #expect(waiting.status == "queued" && waiting.requires == ["elsewhere", "gpu-lab"])
    let taken = try server.jobs.submit(Self.body(seed: 2, ["lab-2", "gpu-lab"]))
    #expect(try server.jobs.wait(taken.id).status == "succeeded")
    let plain = try server.jobs.submit(JobBody.body(seed: 3))
    #expect(plain.requires == [])
    #expect(try server.jobs.wait(plain.id).status == "succeeded")
    // It stands before both, and nobody took it.
    let job = try server.jobs.job(waiting.id)
    #expect(job.status == "queued" && job.position == 0 && job.attempt == 0)
    let page = try server.client.get("/page/jobs").text
    #expect(page.contains("waiting for a worker with elsewhere, gpu-lab"))
    // Asked for again, it needs the same.
    #expect(try server.client.send("POST", "/jobs/\(job.id)/cancel").status == 200)
    let again = try server.client.send("POST", "/jobs/\(job.id)/retry")
    let next: JobResource = try again.decode()
    #expect(next.id != job.id && next.requires == job.requires)
  }

  /// What runs a job decides nothing about its model.
  @Test func equalRequestsShareAJobWhateverTheyRequire() throws {
    let server = try TestService { $0.workers = 0 }
    let first = try server.jobs.submit(Self.body(seed: 1, ["gpu-lab"]))
    let second = try server.jobs.submit(JobBody.body(seed: 1), user: "bob")
    #expect(second.id == first.id && second.requires == ["gpu-lab"])
  }

  @Test(
    arguments: [
      ("gpu", "requires"),
      (["ok", "Not"], "requires[1]"),
      ([""], "requires[0]"),
      ([1], "requires[0]"),
      (["a", "b", "c", "d", "e", "f", "g", "h", "i"], "requires"),
    ] as [(JSONValue, String)])
  func whatIsNoLabelIsRefused(labels: JSONValue, param: String) throws {
    let server = try TestService { $0.workers = 0 }
    let reply = try server.client.post("/users/ada/classes", Self.body(seed: 1, labels))
    #expect(reply.status == 422 && reply.code == "invalid_field", "\(reply.text)")
    #expect(reply.param == param, "\(reply.text)")
  }
}
