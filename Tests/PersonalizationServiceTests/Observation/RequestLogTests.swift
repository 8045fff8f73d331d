import Foundation
import Logging
import PersonalizationService
import ServiceAPI
import Testing

/// What a service writes to its log.
@Suite struct RequestLogTests {
  @Test(arguments: LineLogHandler.Format.allCases)
  func secretsAndPathsStayOut(format: LineLogHandler.Format) throws {
    let log = LogCollector()
    let server = try TestService(logger: log.logger(format, level: .trace))
    let secret = "s3cr3t-of-mine"
    let fields = [
      ("Authorization", "Bearer \(secret)"), ("Cookie", "token=\(secret)"),
      ("Idempotency-Key", secret), ("X-Api-Key", secret),
    ]
    _ = try server.client.get("/jobs?token=\(secret)&user=\(secret)", fields: fields)
    _ = try server.client.post("/users/\(secret)/classes", ["classes": [.string(secret)]])
    _ = try server.client.get("/\(secret)", fields: fields)
    _ = try server.client.send("\(secret)", "/jobs", fields: fields)
    _ = try server.client.send("GET", "/\(secret) \(secret)", fields: fields)
    _ = try server.jobs.wait(
      server.jobs.submit(JobBody.body(and: ["metadata": ["key": .string(secret)]])).id)
    server.stop()
    #expect(log.lines.count > 5)
    #expect(log.lines.filter { $0.contains(secret) } == [])
    if format == .json { #expect(try log.objects().count == log.lines.count) }
  }

  @Test func oneLineARequest() throws {
    let log = LogCollector()
    let server = try TestService(logger: log.logger(.json))
    let reply = try server.client.get("/base-models?x=1")
    let lines = try log.objects().filter { $0["request_id"]?.text == reply["Request-Id"] }
    let line = try #require(lines.first)
    #expect(lines.count == 1)
    #expect(line["message"] == "request")
    #expect(line["level"] == "info")
    #expect(line["method"] == "GET")
    #expect(line["route"] == "/base-models")
    #expect(line["status"] == 200)
    #expect(line["bytes"] == .integer(Int64(reply.body.count)))
    #expect(line["remote_address"] == "127.0.0.1")
    #expect(try #require(line["duration_ms"]?.double) > 0)
    #expect(line["complete"] == nil)
    let missing = try server.client.get("/nothing/here")
    let second = try #require(
      try log.objects().first { $0["request_id"]?.text == missing["Request-Id"] })
    #expect(second["route"] == nil)
    #expect(second["status"] == 404)
  }

  @Test func linesOfAJobCarryItsIdentifier() throws {
    let log = LogCollector()
    let server = try TestService(logger: log.logger(.json))
    let reply = try server.client.post("/users/ada/classes", JobBody.quick)
    let job = try reply.decode(JobResource.self)
    let done = try server.jobs.wait(job.id)
    server.stop()
    let lines = try log.objects().filter { $0["job_id"]?.text == job.id }
    #expect(
      lines.compactMap { $0["message"]?.text } == ["job queued", "job started", "job succeeded"])
    #expect(lines.first?["request_id"]?.text == reply["Request-Id"])
    #expect(lines.last?["model_id"]?.text == done.resultModel)
  }
}
