import Foundation
import ModelCards
import ServiceAPI
import SparseRuntime
import TestSupport
import Testing

/// The built program as other processors would run it.
@Suite struct ProcessorTests {
  private func server(_ database: String, limit: String) throws -> ServerProcess {
    try ServerProcess(
      database: database, wrapper: ["/usr/bin/env", "CRISP_MAX_CPU_ISA=\(limit)"])
  }

  /// What a processor is fastest in is no part of a request: moved to another machine, a database
  /// still answers it with the model it has.
  @Test func theSameRequestIsTheSameJobOnEveryProcessor() throws {
    let folder = try TemporaryFolder()
    let database = folder.file("crisp.sqlite")
    try ToyWorld.register(in: database, folder: folder)
    var first: JobResource?
    for limit in ["SSE41", "AVX2", "AVX512_CORE", "ALL"] {
      let server = try server(database, limit: limit)
      let job = try server.jobs.wait(server.jobs.submit().id)
      #expect(job.status == "succeeded", "\(limit): \(String(describing: job.error))")
      #expect(job.id == (first ?? job).id, "\(limit)")
      #expect(job.recipe["precision"] == "automatic")
      let model = try #require(job.resultModel)
      let card = try server.client.get("/models/\(model)/card").decode(ModelCard.self)
      // The one that ran it, which has nothing else.
      #expect(card.recipe["precision"] == "f32")
      first = first ?? job
      #expect(try server.end(with: SIGTERM).status == 0)
    }
  }

  /// Workers tell what their processor has: a job waits in one that lacks it, and runs in one that has it.
  @Test(.enabled(if: InstructionSet.available.contains(.avx2)))
  func aJobWaitsForAProcessor() throws {
    let folder = try TemporaryFolder()
    let database = folder.file("crisp.sqlite")
    try ToyWorld.register(in: database, folder: folder)
    let body = JobBody.body(seed: 1, and: ["requires": ["avx2"]])
    let lesser = try server(database, limit: "SSE41")
    let job = try lesser.jobs.submit(body)
    // Asked for later, done before.
    #expect(try lesser.jobs.wait(lesser.jobs.submit().id).status == "succeeded")
    #expect(try lesser.jobs.job(job.id).status == "queued")
    #expect(try lesser.end(with: SIGTERM).status == 0)
    let better = try server(database, limit: "AVX2")
    #expect(try better.jobs.wait(job.id).status == "succeeded")
    #expect(try better.end(with: SIGTERM).status == 0)
  }

  /// Asked for, it is part of the request.
  @Test func aNamedPrecisionIsAnotherRequest() throws {
    let service = try TestService()
    let automatic = try service.jobs.submit()
    let named = try service.jobs.submit(JobBody.body(recipe: ["precision": "f32"]))
    let written = try service.jobs.submit(JobBody.body(recipe: ["precision": "automatic"]))
    #expect(named.id != automatic.id)
    #expect(written.id == automatic.id)
  }

  @Test func limitsThatAreNoneAreRefused() throws {
    let folder = try TemporaryFolder()
    for command in [[], ["check"]] {
      let run = try ServerProcess.run(
        command + ["--db", folder.file("crisp.sqlite")],
        wrapper: ["/usr/bin/env", "CRISP_MAX_CPU_ISA=AVX3"])
      #expect(run.status != 0)
      #expect(
        run.errors.contains(
          "CRISP_MAX_CPU_ISA is 'AVX3'; it must be SSE41, AVX2, AVX512_CORE or ALL"),
        "\(run.errors)")
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
  }
}
