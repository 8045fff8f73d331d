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

  @Test func healthEndpointsAnswer() throws {
    let server = try TestService()
    #expect(try server.client.get("/healthz").text == "ok\n")
    #expect(try server.client.get("/readyz").text == "ready\n")
  }
}
