import Digests
import Foundation
import Store

extension MemoryStore {
  func addDataset(_ dataset: DatasetRecord) throws -> Registered<DatasetRecord> {
    try dataset.validate()
    _ = try JSONColumn.text(dataset.counts, field: "counts")
    return try write { rows, now in
      let known = rows.datasets[dataset.name]
      var record = known?.record ?? dataset
      record.fingerprint = dataset.fingerprint
      guard record == dataset else { throw StoreError.nameTaken(.dataset, dataset.name) }
      let registered = Registered(
        record: dataset, createdAt: known?.createdAt ?? Timestamp.date(now))
      rows.datasets[dataset.name] = registered
      return registered
    }
  }

  func dataset(_ name: String) throws -> Registered<DatasetRecord> {
    try read { rows in
      guard let found = rows.datasets[name] else { throw StoreError.notFound(.dataset, name) }
      return found
    }
  }

  func datasets() throws -> [Registered<DatasetRecord>] {
    try read { $0.datasets.sorted { $0.key < $1.key }.map(\.value) }
  }

  func addBaseModel(_ model: BaseModelRecord) throws -> Registered<BaseModelRecord> {
    try model.validate()
    _ = try JSONColumn.text(model.metadata, field: "metadata")
    return try write { rows, now in
      _ = try rows.blob(model.blob)
      guard rows.datasets[model.dataset] != nil else {
        throw StoreError.notFound(.dataset, model.dataset)
      }
      let registered =
        rows.baseModels[model.name]
        ?? Registered(record: model, createdAt: Timestamp.date(now))
      guard registered.record == model else { throw StoreError.nameTaken(.baseModel, model.name) }
      if rows.baseModels.isEmpty { rows.defaultBaseModel = model.name }
      rows.baseModels[model.name] = registered
      return registered
    }
  }

  func baseModel(_ name: String) throws -> Registered<BaseModelRecord> {
    try read { rows in
      guard let found = rows.baseModels[name] else { throw StoreError.notFound(.baseModel, name) }
      return found
    }
  }

  func baseModels() throws -> [Registered<BaseModelRecord>] {
    try read { $0.baseModels.sorted { $0.key < $1.key }.map(\.value) }
  }

  func defaultBaseModel() throws -> String? { try read { $0.defaultBaseModel } }

  func setDefaultBaseModel(_ name: String) throws {
    try write { rows, _ in
      guard rows.baseModels[name] != nil else { throw StoreError.notFound(.baseModel, name) }
      rows.defaultBaseModel = name
    }
  }

  func model(_ id: ModelID) throws -> ModelRecord {
    try read { rows in rows.models[try rows.modelIndex(id)].record }
  }

  func model(fingerprint: SHA256Digest) throws -> ModelRecord? {
    try read { $0.models.first { $0.record.fingerprint == fingerprint }?.record }
  }

  func models(_ filter: ModelFilter, after: ModelID?, limit: Int) throws -> Page<ModelRecord> {
    try read { rows in
      func place(_ model: MemoryRows.Model) -> (Int64, Int64) {
        guard let user = filter.user else { return (model.number, 0) }
        return (
          model.users[user] ?? Timestamp.milliseconds(model.record.createdAt), model.number
        )
      }
      let bound = try after.map { place(rows.models[try rows.modelIndex($0)]) } ?? (.max, .max)
      let found = rows.models.filter { model in
        (filter.user.map { model.users[$0] != nil } ?? true) && place(model) < bound
      }.sorted { place($0) > place($1) }
      return try Self.page(found.map(\.record), limit: limit)
    }
  }

  func addFile(_ file: NewModelFile, to id: ModelID) throws -> ModelFileRecord {
    try file.validate()
    return try write { rows, _ in
      let index = try rows.modelIndex(id)
      let record = rows.models[index].record
      let blob = try rows.blob(file.blob)
      if let known = record.files.first(where: { $0.name == file.name }) { return known }
      let added = ModelFileRecord(name: file.name, blob: blob, mediaType: file.mediaType)
      rows.models[index].record = ModelRecord(
        id: record.id, fingerprint: record.fingerprint, job: record.job,
        baseModel: record.baseModel, blob: record.blob, labels: record.labels,
        labelCount: record.labelCount, card: record.card, metadata: record.metadata,
        files: (record.files + [added]).sorted { $0.name < $1.name }, createdAt: record.createdAt)
      return added
    }
  }

  func hasModel(_ id: ModelID, user: UserID) throws -> Bool {
    try modelAdded(id, to: user) != nil
  }

  func modelAdded(_ id: ModelID, to user: UserID) throws -> Date? {
    try read { rows in
      rows.models[try rows.modelIndex(id)].users[user].map(Timestamp.date)
    }
  }

  func markUsed(_ ids: [ModelID]) throws {
    try write { rows, now in
      for index in rows.models.indices where ids.contains(rows.models[index].record.id) {
        rows.models[index].usedAt = max(rows.models[index].usedAt, now)
      }
    }
  }

  func expireModels(unusedFor age: TimeInterval) throws -> [ModelID] {
    let cutoff = try cutoff(age)
    return try write { rows, _ in
      let gone = rows.models.filter {
        $0.usedAt <= cutoff && Timestamp.milliseconds($0.record.createdAt) <= cutoff
      }.map(\.record)
      for record in gone {
        rows.removeModel(at: try rows.modelIndex(record.id))
        rows.removeJobs { $0.id == record.job }
      }
      return gone.map(\.id)
    }
  }
}
