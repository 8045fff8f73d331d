import HTTPServer
import HTTPTypes
import ServiceAPI
import Store

extension API {
  func addCatalogRoutes(to routes: inout RouteTable) {
    onList("/base-models", access: .tokenHolder, in: &routes) { _, _, _ in
      let models = try baseModels()
      return try .json(.ok, ListResource(models, lastID: models.last?.name))
    }
    onList("/datasets", access: .tokenHolder, in: &routes) { _, _, _ in
      let datasets = try store.datasets().map { entry in
        DatasetResource(
          name: entry.record.name, format: entry.record.format, classes: entry.record.classes,
          counts: Self.json(entry.record.counts), sha256: entry.record.digest.hex,
          createdAt: Self.seconds(entry.createdAt))
      }
      return try .json(.ok, ListResource(datasets, lastID: datasets.last?.name))
    }
  }

  /// All base models as lists show them.
  package func baseModels() throws -> [BaseModelResource] {
    let standard = try store.defaultBaseModel()
    return try store.baseModels().map {
      Self.resource($0, isDefault: $0.record.name == standard)
    }
  }

  private static func resource(_ entry: Registered<BaseModelRecord>, isDefault: Bool)
    -> BaseModelResource
  {
    BaseModelResource(
      name: entry.record.name, architecture: entry.record.architecture,
      dataset: entry.record.dataset, labels: entry.record.labels,
      parameters: entry.record.parameterCount, sha256: entry.record.digest.hex,
      isDefault: isDefault, createdAt: seconds(entry.createdAt))
  }
}
