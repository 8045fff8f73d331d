import Digests
import Foundation
import ModelCards
import ModelFormats
import PersonalizationClient
import ServiceAPI
import SparseRuntime
import Testing

@Suite struct ModelRoutesTests {
  @Test func postedClassesBecomeAModelThatCanBeDownloaded() throws {
    let server = try TestService()
    let posted = try server.client.post(
      "/users/ada/classes",
      JobBody.body(
        classes: ["middle", ["name": "top left", "weight": 3]], seed: 7,
        and: ["metadata": ["note": "für später 🤖"]]))
    #expect(posted.status == 202)
    #expect(posted["Content-Type"] == "application/json")
    let queued: JobResource = try posted.decode()
    #expect(posted["Location"] == "/jobs/\(queued.id)")
    #expect(queued.object == "pruning.job")
    #expect(queued.user == "ada")
    #expect(queued.baseModel == ToyWorld.baseModel)
    #expect(queued.seed == 7)
    #expect(queued.metadata["note"] == "für später 🤖")
    #expect(
      queued.classes
        == [["name": "top left", "weight": 0.75], ["name": "middle", "weight": 0.25]])
    for name in ["started_at", "finished_at", "error", "result_model", "estimated_finish"] {
      #expect(posted.json[name] == .null, "\(name)")
    }

    let job = try server.jobs.wait(queued.id)
    #expect(job.status == "succeeded")
    #expect(job.error == nil)
    #expect(job.attempt == 1)
    let started = try #require(job.startedAt)
    #expect(job.createdAt <= started)
    #expect(started <= (job.finishedAt ?? 0))
    #expect(job.progress?.stage == "packing")
    #expect(job.progress?.fraction == 1)

    let id = try #require(job.resultModel)
    let download = try server.client.get("/models/\(id)")
    let digest = SHA256.digest(of: download.body)
    #expect(download.status == 200)
    #expect(download["ETag"] == "\"\(digest.hex)\"")
    #expect(
      download["Repr-Digest"] == "sha-256=:\(Data(digest.bytes).base64EncodedString()):")
    #expect(
      download["Content-Disposition"]
        == "attachment; filename=\"top left, middle.crisp.safetensors\"")
    #expect(download["Content-Length"] == "\(download.body.count)")
    #expect(download["Content-Type"] == "application/vnd.crisp.safetensors")
    #expect(download["Cache-Control"] == "private, max-age=31536000, immutable")

    let model = try PackedModel(data: download.body)
    #expect(model.description.labels == ["top left", "middle"])
    #expect(model.provenance.seed == 7)
    let session = try Session(model: model, batchCapacity: 1)
    let image = [Float](repeating: 0.5, count: 64)
    #expect(try session.run(images: image, count: 1).count == 2)

    let card: ModelCard = try server.client.get("/models/\(id)/card").decode()
    try check(card, model: model, download: download, base: server)
    let models = try server.client.get("/models?user=ada")
      .decode(ListResource<ModelResource>.self)
    #expect(models.data.map(\.id) == [id])
    #expect(models.data.first?.sha256 == digest.hex)
    #expect(models.data.first?.bytes == Int64(download.body.count))
    #expect(models.data.first?.job == job.id)
    #expect(try server.stopAndCheck().isHealthy)
  }

  private func check(
    _ card: ModelCard, model: PackedModel, download: HTTPClient.Reply, base server: TestService
  ) throws {
    let bases = try server.client.get("/base-models")
      .decode(ListResource<BaseModelResource>.self).data
    let datasets = try server.client.get("/datasets")
      .decode(ListResource<DatasetResource>.self).data
    #expect(card.baseModel.sha256 == bases.first?.sha256)
    #expect(card.dataset.sha256 == datasets.first?.sha256)
    #expect(card.classes.map(\.name) == model.description.labels)
    #expect(card.classes.map(\.weight) == [0.75, 0.25])
    #expect(card.bytes.packed == download.body.count)
    #expect(card.bytes.packed < card.bytes.dense)
    #expect(abs(card.sparsity.global - 0.8) < 0.05)
    #expect(card.sparsity.global >= 0.8)
    #expect(card.multiplyAccumulates.packed < card.multiplyAccumulates.dense)
    let kept = model.layers.values.reduce(0) { $0 + ($1.unpacked().count { $0 != 0 }) }
    let weights = model.layers.values.reduce(0) { $0 + $1.matrix.count }
    #expect(Double(kept) <= Double(weights) * (1 - card.sparsity.global) + 0.5)
    for accuracy in [
      card.accuracy.pruned, try #require(card.accuracy.denseFineTuned),
      card.accuracy.universalRestricted,
    ] {
      // Two classes: far better than a guess, which is right in half of all cases.
      #expect((0.8...1).contains(accuracy))
    }
    #expect(card.accuracy.testImages == 40)
    #expect(Set(card.accuracy.perClass.keys) == ["top left", "middle"])
    #expect(card.latency.denseMilliseconds > 0)
    #expect(card.latency.sparseMilliseconds > 0)
    #expect(card.latency.batch == 1 && card.latency.threads == 1)
    #expect(!card.latency.processor.isEmpty && card.latency.processor != "unknown")
    #expect(card.verificationError < 1e-4)
    #expect(card.seed == 7)
    #expect(card.recipe["target"] == ["sparsity": 0.8])
    #expect(card.sparsity.layers.map(\.name).contains("fc"))
    let iterations = try #require(card.iterations)
    #expect(iterations.map(\.iteration) == Array(1...max(1, iterations.count)))
    #expect(iterations.last?.sparsity == card.sparsity.global)
    let charts = try #require(card.charts)
    #expect(charts.accuracy.hasPrefix("<svg ") && charts.accuracy.contains("iterations"))
    for layer in card.sparsity.layers { #expect(charts.layerDensity.contains(layer.name)) }
  }

  @Test func downloadsAnswerHeadRangesAndConditions() throws {
    let server = try TestService()
    let job = try server.jobs.wait(server.jobs.submit().id)
    let path = "/models/\(try #require(job.resultModel))"
    let whole = try server.client.get(path)
    let tag = try #require(whole["ETag"])

    let head = try server.client.send("HEAD", path)
    #expect(head.status == 200)
    #expect(head.body.isEmpty)
    for name in ["ETag", "Content-Length", "Repr-Digest", "Content-Disposition", "Accept-Ranges"] {
      #expect(head[name] != nil, "\(name)")
      #expect(head[name] == whole[name], "\(name)")
    }

    let part = try server.client.get(path, fields: [("Range", "bytes=100-299")])
    #expect(part.status == 206)
    #expect(part["Content-Range"] == "bytes 100-299/\(whole.body.count)")
    #expect(part.body == whole.body[100..<300])
    #expect(part["Repr-Digest"] == whole["Repr-Digest"])
    let tail = try server.client.get(path, fields: [("Range", "bytes=-10"), ("If-Range", tag)])
    #expect(tail.status == 206)
    #expect(tail.body == whole.body.suffix(10))
    let other = try server.client.get(
      path, fields: [("Range", "bytes=-10"), ("If-Range", "\"other\"")])
    #expect(other.status == 200)
    #expect(other.body == whole.body)

    let same = try server.client.get(path, fields: [("If-None-Match", tag)])
    #expect(same.status == 304)
    #expect(same.body.isEmpty)
    #expect(same["ETag"] == tag)
    let beyond = try server.client.get(
      path, fields: [("Range", "bytes=\(whole.body.count)-")])
    #expect(beyond.status == 416)
    #expect(beyond["Content-Range"] == "bytes */\(whole.body.count)")

    #expect(try server.client.get("\(path)?format=crisp").body == whole.body)
    let format = try server.client.get("\(path)?format=tflite")
    #expect(format.status == 406)
    #expect(format.code == "unknown_format")
    #expect(format.param == "format")
  }

  @Test func theClientLibraryDownloadsAndVerifies() async throws {
    let server = try TestService()
    let client = try ServiceClient(server: "http://127.0.0.1:\(server.client.port)")
    let user = "a/b?c#d e%2F é"
    var states: [String] = []
    let job = try await client.follow(
      client.submit(user: user, body: JobBody.quick), every: .milliseconds(10)
    ) {
      states.append($0.status)
    }
    #expect(job.user == user)
    #expect(states.last == "succeeded")
    let model = try #require(job.resultModel)
    let file = server.folder.file("model.crisp.safetensors")
    let (bytes, sha256) = try await client.download(model, to: file)
    let data = try Data(contentsOf: URL(fileURLWithPath: file))
    #expect(data.count == bytes)
    #expect(SHA256.digest(of: data).hex == sha256)
    #expect(try await client.card(model).bytes.packed == bytes)
    await #expect(throws: ClientError.self) {
      try await client.submit(user: user, body: JobBody.body(classes: ["top left", "no such"]))
    }
  }

  @Test func unknownModelsAreNotFound() throws {
    let server = try TestService()
    let unknown = "model_0123456789abcdef01234567"
    for id in [unknown, "model_", "MODEL_0123456789ABCDEF01234567", "x", "%00", "..", "'"] {
      for path in ["/models/\(id)", "/models/\(id)/card"] {
        let reply = try server.client.get(path)
        #expect(reply.status == (id == "%00" ? 400 : 404), "\(path)")
        #expect(reply["Content-Type"] == "application/problem+json")
      }
    }
    #expect(try server.client.get("/models?after=\(unknown)").status == 404)
    #expect(try server.client.get("/models?after=job_0123456789abcdef01234567").param == "after")
    #expect(try server.client.get("/models").decode(ListResource<ModelResource>.self).data.isEmpty)
  }
}
