import Foundation
import ModelCards
import ServiceAPI
import TestSupport
import Testing

/// The values of `/metrics` after known traffic.
@Suite struct MetricsTests {
  @Test func requestsAreCountedByRoute() throws {
    let server = try TestService()
    _ = try server.client.get("/jobs")
    _ = try server.client.get("/jobs?limit=5&user=ada")
    _ = try server.client.send("HEAD", "/jobs")
    _ = try server.client.get("/jobs?limit=x")
    _ = try server.client.get("/jobs/\("job_0".encoded)")
    _ = try server.client.get("/no/such/place")
    _ = try server.client.send("BREW", "/jobs")
    _ = try server.client.send("GET", "no path")
    let scrape = try Scrape(server.client)
    #expect(scrape.type == "text/plain; version=0.0.4; charset=utf-8")
    let requests = scrape.series("crisp_http_requests_total")
    func count(_ method: String, _ route: String, _ status: Int) -> Double? {
      requests[
        "crisp_http_requests_total{method=\"\(method)\",route=\"\(route)\",status=\"\(status)\"}"]
    }
    #expect(count("GET", "/jobs", 200) == 2)
    #expect(count("HEAD", "/jobs", 200) == 1)
    #expect(count("GET", "/jobs", 422) == 1)
    #expect(count("GET", "/jobs/{job}", 404) == 1)
    #expect(count("GET", "none", 404) == 1)
    #expect(count("other", "none", 501) == 1)
    #expect(count("none", "none", 400) == 1)
    #expect(requests.values.reduce(0, +) == 8)
    #expect(scrape["crisp_http_request_duration_seconds_count{route=\"/jobs\"}"] == 4)
    #expect(
      scrape["crisp_http_request_duration_seconds_bucket{route=\"/jobs\",le=\"+Inf\"}"] == 4)
    #expect(try #require(scrape["crisp_http_request_duration_seconds_sum{route=\"/jobs\"}"]) > 0)
    #expect(scrape["crisp_http_incomplete_responses_total{route=\"/jobs\"}"] == nil)
    // The one that asks is left; the server sees a little later than its client that one has ended.
    try eventually { try Scrape(server.client)["crisp_http_connections"] == 1 }
    #expect(scrape["crisp_http_streams"] == 0)
  }

  @Test func bytesAreCounted() throws {
    let server = try TestService()
    let bytes = try (0..<3).map { _ in try server.client.get("/base-models").body.count }
      .reduce(0, +)
    _ = try server.client.send("HEAD", "/base-models")
    let scrape = try Scrape(server.client)
    #expect(
      scrape["crisp_http_response_body_bytes_total{route=\"/base-models\"}"] == Double(bytes))
  }

  @Test func jobsAndModelsAreMeasured() throws {
    let server = try TestService()
    let (data, away) = (server.folder.file("data"), server.folder.file("away"))
    try FileManager.default.moveItem(atPath: data, toPath: away)
    try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
    try CornerSquares.writeIDX(to: data, classes: ToyWorld.labels, seed: 5)
    let failed = try server.jobs.wait(server.jobs.submit(JobBody.body(seed: 1)).id)
    let code = try #require(failed.error?.code)
    try FileManager.default.removeItem(atPath: data)
    try FileManager.default.moveItem(atPath: away, toPath: data)
    let done = try server.jobs.wait(server.jobs.submit().id)
    let card = try server.client.get("/models/\(try #require(done.resultModel))/card")
      .decode(ModelCard.self)
    let stuck = try server.jobs.submit(JobBody.endless)
    try server.jobs.waitUntilRunning(stuck.id)
    _ = try server.client.post("/jobs/\(stuck.id)/cancel", .object([:]))
    _ = try server.jobs.wait(stuck.id)
    // The next job starts once the one before is counted.
    let running = try server.jobs.submit(JobBody.endless, user: "bob")
    try server.jobs.waitUntilRunning(running.id)
    for seed in 2..<5 { _ = try server.jobs.submit(JobBody.body(seed: seed)) }
    let scrape = try Scrape(server.client)
    func attempts(_ outcome: String) -> Double {
      scrape[
        "crisp_job_attempts_total{base_model=\"\(ToyWorld.baseModel)\",outcome=\"\(outcome)\"}"]
        ?? 0
    }
    #expect(attempts("succeeded") == 1)
    #expect(attempts("failed") == 1)
    #expect(attempts("cancelled") == 1)
    #expect(attempts("released") == 0)
    #expect(scrape["crisp_job_wait_seconds_count"] == 4)
    #expect(
      scrape["crisp_job_attempt_duration_seconds_count{outcome=\"cancelled\"}"] == 1)
    #expect(
      scrape["crisp_job_stage_duration_seconds_count{stage=\"training\"}"] == 1)
    #expect(scrape["crisp_jobs_running"] == 1)
    #expect(scrape["crisp_jobs_queued"] == 3)
    #expect(try #require(scrape["crisp_jobs_oldest_queued_age_seconds"]) >= 0)
    let base = "base_model=\"\(ToyWorld.baseModel)\""
    #expect(
      scrape["crisp_model_accuracy_ratio_count{\(base),network=\"pruned\"}"] == 1)
    #expect(
      scrape["crisp_model_accuracy_ratio_count{\(base),network=\"universal\"}"] == 1)
    #expect(scrape["crisp_model_sparsity_ratio_count{\(base)}"] == 1)
    #expect(
      scrape["crisp_model_accuracy_ratio_sum{\(base),network=\"pruned\"}"] == card.accuracy.pruned)
    #expect(scrape["crisp_model_sparsity_ratio_sum{\(base)}"] == card.sparsity.global)
    #expect(scrape["crisp_model_size_bytes_sum{\(base)}"] == Double(card.bytes.packed))
    #expect(scrape["crisp_job_failures_total{code=\"\(code)\"}"] == 1)
    // Nothing names a user, a job or a model.
    for secret in ["ada", "bob", done.id, running.id, try #require(done.resultModel)] {
      #expect(!scrape.names.contains { $0.contains("\"\(secret)\"") })
    }
  }

  @Test func databaseAndProcessAreMeasured() throws {
    let server = try TestService()
    let scrape = try Scrape(server.client)
    #expect(scrape["crisp_database_up"] == 1)
    let size = try #require(
      try FileManager.default.attributesOfItem(atPath: server.database)[.size] as? Int)
    #expect(scrape["crisp_sqlite_file_bytes"] == Double(size))
    #expect(scrape["crisp_sqlite_wal_bytes"] != nil)
    #expect(try #require(scrape["crisp_sqlite_pages"]) > 10)
    #expect(scrape["crisp_sqlite_free_pages"] != nil)
    #expect(try #require(scrape["process_resident_memory_bytes"]) > 0)
    #expect(try #require(scrape["process_cpu_seconds_total"]) > 0)
    #expect(scrape.series("crisp_build_info").values.first == 1)
    #expect(scrape["crisp_prediction_models"] == 0)
    server.stop()
  }
}
