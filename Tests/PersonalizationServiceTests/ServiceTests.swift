import Foundation
import HTTPServer
import Logging
import PersonalizationService
import ServiceAPI
import Store
import TestSupport
import Testing

@Suite struct ServiceTests {
  private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  @Test func anEmptyDatabaseGetsTheDefaultModel() throws {
    let folder = try TemporaryFolder()
    for _ in 0..<2 {
      var configuration = Service.Configuration(database: folder.file("new.sqlite"))
      configuration.http.port = 0
      let service = try Service(configuration, logger: logger)
      let client = HTTPClient(port: try service.start().port)
      defer { service.stop(deadline: 10) }
      let models = try client.get("/base-models").decode(ListResource<BaseModelResource>.self)
      #expect(models.data.map(\.name) == ["resnet18-fashion-mnist"])
      #expect(models.data.first?.labels.count == 10)
      let datasets = try client.get("/datasets").decode(ListResource<DatasetResource>.self)
      #expect(datasets.data.map(\.name) == ["fashion-mnist"])
      #expect(datasets.data.first?.classes == models.data.first?.labels)
      let reply = try client.post("/users/ada/classes", ["classes": ["Sandals", "Bag"]])
      #expect(reply.json["suggestions"]?["Sandals"] == ["Sandal"])
    }
  }

  @Test(arguments: [
    "0.0.0.0", "::", "192.168.1.1", "example.org", "127.example.org", "127.0.0.1.example.org",
    "127.", "128.0.0.1", "",
  ])
  func refusesAddressesBeyondLoopback(host: String) throws {
    let folder = try TemporaryFolder()
    var configuration = Service.Configuration(database: folder.file("new.sqlite"))
    configuration.http.host = host
    configuration.http.port = 0
    let error = #expect(throws: ServiceError.self) {
      _ = try Service(configuration, logger: logger)
    }
    #expect(error?.code == "exposed_without_protection")
    #expect(!FileManager.default.fileExists(atPath: configuration.database))
  }

  @Test(arguments: ["127.0.0.1", "127.1.2.3", "localhost"])
  func listensOnLoopback(host: String) throws {
    let server = try TestService { $0.http.host = host }
    #expect(server.stop())
  }

  @Test func aSecondServerLeavesTheFirstOnesJobsAlone() throws {
    let first = try TestService()
    let job = try first.jobs.submit(JobBody.long())
    try first.jobs.waitForEvent("iteration", of: job.id)
    #expect(throws: StoreError.served(path: first.database)) {
      _ = try TestService(folder: first.folder)
    }
    let done = try first.jobs.wait(job.id)
    #expect(done.status == "succeeded")
    #expect(done.attempt == 1)
  }

  @Test func workersShareTheQueue() throws {
    let server = try TestService { $0.workers = 2 }
    let blocker = try server.jobs.submit(JobBody.endless, user: "blocker")
    try server.jobs.waitUntilRunning(blocker.id)
    let jobs = try (0..<4).map { try server.jobs.submit(JobBody.body(seed: $0)) }
    for job in jobs {
      let done = try server.jobs.wait(job.id)
      #expect(done.status == "succeeded")
      #expect(done.attempt == 1)
    }
    #expect(try server.jobs.job(blocker.id).status == "running")
  }

  @Test func stoppingAnswersNobodyAnyMore() throws {
    let server = try TestService()
    #expect(try server.client.get("/readyz").status == 200)
    #expect(server.stop())
    #expect(throws: HTTPClient.Failure.self) { try server.client.get("/readyz") }
  }

  @Test func threadsBeyondTheCoresAreToldOnce() throws {
    let log = LogCollector()
    let server = try TestService(logger: log.logger(.text)) { $0.threadsPerWorker = 1_000_000 }
    defer { server.stop() }
    let lines = log.lines.filter { $0.contains("than this process may use cores") }
    #expect(lines.count == 1)
    #expect(lines.first?.contains("threads per worker") == true)
  }
}
