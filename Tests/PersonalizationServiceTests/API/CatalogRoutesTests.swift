import ServiceAPI
import Testing

@Suite struct CatalogRoutesTests {
  @Test func listsWhatIsRegistered() throws {
    let server = try TestService()
    let models = try server.client.get("/base-models")
      .decode(ListResource<BaseModelResource>.self)
    // A database that has a base model does not get the default one.
    #expect(models.data.map(\.name) == [ToyWorld.baseModel])
    #expect(models.data.first?.labels == ToyWorld.labels)
    #expect(models.data.first?.dataset == ToyWorld.dataset)
    #expect(models.data.first?.architecture == "toy")
    #expect((models.data.first?.parameters ?? 0) > 1000)
    let datasets = try server.client.get("/datasets").decode(ListResource<DatasetResource>.self)
    #expect(datasets.data.map(\.name) == [ToyWorld.dataset])
    #expect(datasets.data.first?.classes == ToyWorld.labels)
    #expect(datasets.data.first?.counts["training"] == [54, 54, 54, 54, 54])
    #expect(datasets.data.first?.counts["validation"] == [6, 6, 6, 6, 6])
    #expect(datasets.data.first?.counts["test"] == [20, 20, 20, 20, 20])
  }

  /// Registering another base model changes nothing for those who name none, until the operator says so.
  @Test func requestsThatNameNoBaseModelTakeTheDefault() throws {
    let server = try TestService { $0.workers = 0 }
    try ToyWorld.registerPictures(
      in: server.database, folder: server.folder, dataset: "pictures", baseModel: "a-second")
    func marked() throws -> [String] {
      try server.client.get("/base-models").decode(ListResource<BaseModelResource>.self).data
        .filter(\.isDefault).map(\.name)
    }
    #expect(try marked() == [ToyWorld.baseModel])
    #expect(try server.jobs.submit(JobBody.body(seed: 1)).baseModel == ToyWorld.baseModel)
    let hidden = { (name: String) in "name=\"base_model\" value=\"\(name)\"" }
    #expect(try server.client.get("/").text.contains(hidden(ToyWorld.baseModel)))

    let command = ["base-model", "default", "--db", server.database]
    #expect(try ServerProcess.run(command).output == "\(ToyWorld.baseModel)\n")
    let chosen = try ServerProcess.run(command + ["a-second"])
    #expect(chosen.status == 0 && chosen.output == "a-second\n", "\(chosen.errors)")
    #expect(try marked() == ["a-second"])
    #expect(try server.jobs.submit(JobBody.body(seed: 2)).baseModel == "a-second")
    #expect(try server.client.get("/").text.contains(hidden("a-second")))
    let unknown = try ServerProcess.run(command + ["none"])
    #expect(unknown.status != 0 && unknown.errors.contains("none"), "\(unknown.errors)")
  }

  @Test func healthEndpointsAnswer() throws {
    let server = try TestService()
    #expect(try server.client.get("/healthz").text == "ok\n")
    #expect(try server.client.get("/readyz").text == "ready\n")
  }
}
