import Foundation
import ModelCards
import PersonalizationService
import ServiceAPI
import SQLiteStore
import Store
import TestSupport
import Testing

@Suite struct JobExecutionTests {
  @Test func jobsWhoseDataChangedFailAndSayWhy() throws {
    let server = try TestService()
    let data = server.folder.file("data")
    func fail() throws -> JobResource {
      let job = try server.jobs.wait(server.jobs.submit().id)
      #expect(job.status == "failed")
      #expect(job.resultModel == nil)
      #expect(try server.jobs.events(job.id).last?.type == "failed")
      #expect(try server.jobs.events(job.id).last?.level == "error")
      return job
    }
    try CornerSquares.writeIDX(to: data, classes: ToyWorld.labels, seed: 5)
    let changed = try fail()
    #expect(changed.error?.code == "dataset_changed")
    #expect(changed.error?.message.contains("'toy'") == true)
    #expect(changed.attempt == 1)
    #expect(try server.client.get("/jobs/\(changed.id)").json["error"]?["param"] == .null)

    let images = URL(fileURLWithPath: "\(data)/train-images-idx3-ubyte")
    try Data(contentsOf: images).prefix(1000).write(to: images)
    #expect(try fail().error?.code == "malformed_dataset")

    #expect(try server.client.get("/models").json["data"] == [])
    // A failed job does not answer requests: with the right files the same request succeeds.
    try CornerSquares.writeIDX(to: data, classes: ToyWorld.labels)
    #expect(try server.jobs.wait(server.jobs.submit().id).status == "succeeded")
    let failed = try server.client.get("/jobs?status=failed")
      .decode(ListResource<JobResource>.self)
    #expect(failed.data.count == 2)
    let (isHealthy, text) = try server.stopAndCheck()
    #expect(isHealthy, "\(text)")
  }

  /// A disk that is not mounted holds the jobs that need it, as a full one does, and no others.
  @Test(arguments: [true, false]) func jobsWaitForDataThatIsMissing(isFolderThere: Bool) throws {
    let log = LogCollector()
    let server = try TestService(logger: log.logger(.text)) { $0.lease = 1 }
    let data = server.folder.file("data")
    let away = server.folder.file("away")
    try FileManager.default.moveItem(atPath: data, toPath: away)
    if isFolderThere {
      try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: false)
    }
    try ToyWorld.registerPictures(
      in: server.database, folder: server.folder, dataset: "pictures", baseModel: "other")
    let held = try server.jobs.submit(
      JobBody.body(and: ["base_model": .string(ToyWorld.baseModel)]))
    let other = try server.jobs.submit(JobBody.body(and: ["base_model": "other"]))
    // It was asked for later, and is made.
    #expect(try server.jobs.wait(other.id).status == "succeeded")
    #expect(try server.jobs.job(held.id).status == "queued")
    #expect(try server.jobs.job(held.id).attempt == 0)
    let ready = try server.client.get("/readyz")
    #expect(ready.status == 200)
    #expect(ready.text.contains("the files of 1 data set(s) are missing"))
    #expect(try Scrape(server.client)["crisp_datasets_missing"] == 1)
    // Where they should be is for the operator.
    #expect(log.lines.filter { $0.contains("files of a data set are missing") }.count == 1)
    #expect(log.lines.contains { $0.contains(data) })

    if isFolderThere { try FileManager.default.removeItem(atPath: data) }
    try FileManager.default.moveItem(atPath: away, toPath: data)
    let job = try server.jobs.wait(held.id)
    #expect(job.status == "succeeded")
    #expect(job.attempt == 1)
    #expect(try server.client.get("/readyz").text == "ready\n")
    #expect(log.lines.contains { $0.contains("files of a data set are back") })
  }

  /// The log says of each iteration what the card says of it, and the job what it came to.
  @Test func iterationsAreLoggedAsTheyEnded() throws {
    let server = try TestService()
    let job = try server.jobs.wait(server.jobs.submit(JobBody.body(recipe: ["iterations": 3])).id)
    let card: ModelCard = try server.client
      .get("/models/\(try #require(job.resultModel))/card").decode()
    let iterations = try #require(card.iterations)
    let events = try server.jobs.events(job.id).filter { $0.type == "iteration" }
    #expect(events.count == iterations.count)
    for (event, iteration) in zip(events, iterations) {
      #expect(event.data["iteration"]?.double == Double(iteration.iteration))
      #expect(event.data["sparsity"]?.double == iteration.sparsity)
      #expect(event.data["accuracy"]?.double == iteration.validationAccuracy)
    }
    #expect(job.progress?.sparsity == iterations.last?.sparsity)
  }

  @Test func aStoppedServiceHandsItsJobToTheNext() throws {
    let reference = try TestService()
    let expected = try download(reference, reference.jobs.submit(JobBody.long()).id)
    reference.stop()

    let first = try TestService()
    let id = try first.jobs.submit(JobBody.long()).id
    try first.jobs.waitForEvent("iteration", of: id)
    #expect(first.stop())
    let folder = first.folder
    do {
      let store = try SQLiteStore(path: first.database)
      let job = try #require(JobID(rawValue: id))
      #expect(try store.job(job).status == .queued)
      #expect(try store.job(job).deaths == 0)
      #expect(try store.latestCheckpoint(job) != nil)
    }

    let second = try TestService(folder: folder)
    #expect(try download(second, id) == expected)
    let job = try second.jobs.job(id)
    #expect(job.attempt == 2)
    let types = try second.jobs.events(id).map(\.type)
    #expect(types.count { $0 == "started" } == 2)
    #expect(types.contains("released"))
    #expect(types.contains("resumed"))
    #expect(!types.contains("restarted"))
    let (isHealthy, text) = try second.stopAndCheck()
    #expect(isHealthy, "\(text)")
  }

  private func download(_ server: TestService, _ id: String) throws -> Data {
    let job = try server.jobs.wait(id)
    #expect(job.status == "succeeded", "\(String(describing: job.error))")
    return try server.client.get("/models/\(try #require(job.resultModel))").body
  }
}
