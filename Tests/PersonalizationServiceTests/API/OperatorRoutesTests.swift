import Foundation
import PersonalizationService
import SQLiteStore
import ServiceAPI
import TestSupport
import Testing

/// What operators see and do from day to day, by requests.
@Suite struct OperatorRoutesTests {
  @Test func whileTheQueueIsPausedJobsWaitAndEveryoneIsTold() throws {
    let server = try TestService()
    #expect(try server.client.send("POST", "/queue/resume").json["paused"] == false)
    let paused = try server.client.send("POST", "/queue/pause")
    #expect(paused.status == 200 && paused.json["paused"] == true)
    let since = try #require(paused.json["paused_since"])
    #expect(try server.client.send("POST", "/queue/pause").json["paused_since"] == since)
    let ready = try server.client.get("/readyz")
    #expect(ready.status == 200 && ready.text.contains("the queue is paused"))
    // Accepted, and told.
    let job = try server.jobs.submit(JobBody.quick)
    #expect(job.status == "queued" && job.paused == true && job.position == 0)
    #expect(try server.client.get("/page/jobs").text.contains("paused: the operator"))
    let status: StatusResource = try server.client.get("/status").decode()
    #expect(status.queue.paused && status.queue.queued == 1 && status.queue.running == 0)
    #expect(status.queue.oldestJob == job.id)
    // Paused means that a worker that is woken takes nothing: another request wakes it.
    _ = try server.jobs.submit(JobBody.body(seed: 1))
    #expect(try server.jobs.job(job.id).status == "queued")
    #expect(try server.client.send("POST", "/queue/resume").json["paused"] == false)
    #expect(try server.jobs.wait(job.id).status == "succeeded")
    #expect(try server.jobs.job(job.id).paused == nil)
    #expect(try server.client.get("/readyz").text == "ready\n")
  }

  @Test func aWorkerThatFellSilentIsNotToldAsOneThatLives() throws {
    let server = try TestService { $0.workers = 0 }
    let job = try server.jobs.submit(JobBody.quick)
    let store = try SQLiteStore(path: server.database)
    // Nobody is there who would take it from whoever is silent.
    let taken = try store.claim(worker: "silent", lease: 600)
    #expect(taken?.id.rawValue == job.id)
    func worker() throws -> StatusResource.Worker? {
      let status: StatusResource = try server.client.get("/status").decode()
      return status.workers.first
    }
    #expect(try worker()?.name == "silent")
    let id = try #require(taken?.id)
    _ = try store.heartbeat(id, attempt: 1, worker: "silent", lease: 0.001)
    try eventually { try worker()?.name == nil }
    #expect(try worker()?.job == job.id)
    let status: StatusResource = try server.client.get("/status").decode()
    let text = Administration.text(status)
    #expect(text.contains("worker that died: \(job.id)"), "\(text)")
    try store.close()
  }

  @Test func theStatusTellsWhatTakesSpaceAndWhose() throws {
    let server = try TestService()
    let job = try server.jobs.wait(server.jobs.submit(JobBody.quick).id)
    let model = try #require(job.resultModel)
    let bytes = try Int64(server.client.get("/models/\(model)").body.count)
    let plain: StatusResource = try server.client.get("/status").decode()
    #expect(plain.jobs["succeeded"] == 1 && plain.models == 1 && plain.users == 1)
    #expect(plain.use == nil && plain.workers.isEmpty)
    #expect(plain.bytes.models == bytes && plain.bytes.baseModels > 0)
    #expect(plain.bytes.database > bytes && plain.bytes.free != nil)
    for (by, name) in [("user", "ada"), ("base-model", ToyWorld.baseModel)] {
      let status: StatusResource = try server.client.get("/status?by=\(by)").decode()
      #expect(status.use?.map(\.name) == [name])
      #expect(status.use?.first?.models == 1 && status.use?.first?.bytes == bytes)
    }
    let refused = try server.client.get("/status?by=job")
    #expect(refused.status == 422 || refused.status == 400)
    #expect(refused.json["param"] == "by")
    // A worker that holds a job is named.
    let endless = try server.jobs.submit(JobBody.endless)
    try server.jobs.waitUntilRunning(endless.id)
    let busy: StatusResource = try server.client.get("/status").decode()
    #expect(busy.workers.map(\.job) == [endless.id])
    #expect(busy.workers.first?.name?.isEmpty == false && busy.workers.first?.attempt == 1)
  }

  @Test func usersAreListedPageByPage() throws {
    let server = try TestService { $0.workers = 0 }
    for user in ["cy", "ada", "bob"] { _ = try server.jobs.submit(JobBody.quick, user: user) }
    let first: ListResource<ListedUserResource> = try server.client.get("/users?limit=2").decode()
    #expect(first.data.map(\.id) == ["ada", "bob"] && first.hasMore && first.lastID == "bob")
    let rest: ListResource<ListedUserResource> = try server.client.get("/users?after=bob").decode()
    #expect(rest.data.map(\.id) == ["cy"] && !rest.hasMore)
    let user = try #require(rest.data.first)
    #expect(user.bytes > 0 && user.models == 0 && user.seenAt >= user.createdAt)
    let unseen: ListResource<ListedUserResource> = try server.client.get("/users?not_seen_for=1")
      .decode()
    #expect(unseen.data.isEmpty)
    for days in ["0", "36501", "x", "1.5"] {
      #expect(try server.client.get("/users?not_seen_for=\(days)").json["param"] == "not_seen_for")
    }
  }

  @Test func aModelIsLeftByItsUserAndDeletedByAnOperator() throws {
    let world = try TokenWorld()
    let client = world.server.client
    let job = try world.job(of: world.ada)
    let model = try #require(job.resultModel)
    let second = try client.post("/users/bob/classes", JobBody.quick, fields: world.bob.fields)
    #expect(second.status == 200)
    let path = "/models/\(model)"
    // Predictions keep it in memory, from where it has to go, too.
    func predict(_ holder: TokenWorld.Holder) throws -> Int {
      try client.send(
        "POST", "\(path)/predictions",
        fields: holder.fields + [("Content-Type", "image/png")],
        body: Data(
          Pictures.png(width: 8, height: 8, channels: 1, pixels: [UInt8](repeating: 9, count: 64)))
      ).status
    }
    #expect(try predict(world.ada) == 200)
    #expect(
      try client.send("DELETE", "\(path)?user=bob", fields: world.ada.fields).status == 403)
    #expect(try client.send("DELETE", path, fields: world.ada.fields).status == 204)
    #expect(try client.get(path, fields: world.ada.fields).status == 404)
    #expect(try client.get("/jobs/\(job.id)", fields: world.ada.fields).status == 404)
    #expect(try client.send("DELETE", path, fields: world.ada.fields).status == 404)
    #expect(try client.get(path, fields: world.bob.fields).status == 200)
    #expect(try predict(world.bob) == 200)
    // Of everyone's, with an operator's token; of bob alone it would have gone, too.
    let gone = try client.send("DELETE", path, fields: world.operator.fields)
    #expect(gone.status == 204 && gone.body.isEmpty)
    #expect(try client.get(path, fields: world.bob.fields).status == 404)
    #expect(try predict(world.bob) == 404)
    #expect(try client.send("DELETE", path, fields: world.operator.fields).status == 404)
    // Asked for again it is made again.
    let again = try world.job(of: world.bob)
    #expect(again.id != job.id && again.status == "succeeded")
  }
}
