import Digests
import Foundation
import Store

extension MemoryStore {
  func queuePaused() throws -> Date? { try read { $0.pausedAt.map(Timestamp.date) } }

  func setQueuePaused(_ isPaused: Bool) throws -> Bool {
    try write { rows, now in
      guard isPaused != (rows.pausedAt != nil) else { return false }
      rows.pausedAt = isPaused ? now : nil
      return true
    }
  }

  func currentTime() throws -> Date { Timestamp.date(now) }

  func users(_ filter: UserFilter, after: UserID?, limit: Int) throws -> Page<UserSummary> {
    let latest = try filter.notSeenFor.map { try cutoff($0) } ?? .max
    return try read { rows in
      let found = rows.users.filter { id, user in
        user.seenAt <= latest
          && (after.map { $0.text.utf8.lexicographicallyPrecedes(id.text.utf8) } ?? true)
      }.sorted { $0.key.text.utf8.lexicographicallyPrecedes($1.key.text.utf8) }
      return try Self.page(
        found.map { id, user in
          UserSummary(
            id: id, createdAt: Timestamp.date(user.createdAt),
            seenAt: Timestamp.date(user.seenAt),
            models: rows.models.count { $0.users[id] != nil }, bytes: rows.storedBytes(of: id))
        }, limit: limit)
    }
  }

  func models(
    of user: UserID, unusedFor age: TimeInterval, after: ModelID?, limit: Int
  ) throws -> [UnusedModel] {
    try Page<UserSummary>.validate(limit: limit)
    let cutoff = try cutoff(age)
    return try read { rows in
      func place(_ model: MemoryRows.Model) -> (Int64, Int64) {
        (model.users[user] ?? 0, model.number)
      }
      let first = try after.map { place(rows.models[try rows.modelIndex($0)]) } ?? (-1, -1)
      return rows.models.filter {
        $0.users[user] != nil && $0.usedAt <= cutoff && place($0) > first
          && Timestamp.milliseconds($0.record.createdAt) <= cutoff
      }.sorted { ($0.users[user] ?? 0, $0.number) < ($1.users[user] ?? 0, $1.number) }
        .prefix(limit).map {
          UnusedModel(id: $0.record.id, bytes: $0.bytes, owners: $0.users.count)
        }
    }
  }

  func removeModel(_ id: ModelID, from user: UserID?) throws -> Bool {
    try write { rows, _ in
      let index = try rows.modelIndex(id)
      let job = rows.models[index].record.job
      if let user {
        guard rows.models[index].users.removeValue(forKey: user) != nil else {
          throw StoreError.notFound(.model, id.rawValue)
        }
        if !rows.models[index].users.isEmpty {
          rows.detach(user, fromJobAt: try rows.jobIndex(job))
          let keys = rows.users[user]?.keys ?? [:]
          rows.users[user]?.keys = keys.filter { $0.value.job != job }
          return false
        }
      }
      rows.removeModel(at: index)
      rows.removeJobs { $0.id == job }
      return true
    }
  }

  func diskUse(by owner: DiskOwner, limit: Int) throws -> [DiskUse] {
    try Page<UserSummary>.validate(limit: limit)
    return try read { rows in
      var uses: [String: (models: Int, bytes: Int64)] = [:]
      if owner == .baseModel { for name in rows.baseModels.keys { uses[name] = (0, 0) } }
      for model in rows.models {
        for name in owner == .user ? model.users.keys.map(\.text) : [model.record.baseModel] {
          let use = uses[name] ?? (0, 0)
          uses[name] = (use.models + 1, use.bytes + model.bytes)
        }
      }
      return uses.map { DiskUse(name: $0.key, models: $0.value.models, bytes: $0.value.bytes) }
        .sorted { $0.bytes != $1.bytes ? $0.bytes > $1.bytes : $0.name < $1.name }
        .prefix(limit).map { $0 }
    }
  }

  func storedSizes() throws -> StoredSizes {
    try read { rows in
      let checkpoints = rows.jobs.flatMap { $0.checkpoints.values.map(\.blob.size) }
      return StoredSizes(
        models: rows.models.map(\.bytes).reduce(0, +),
        baseModels: try rows.baseModels.values.map { try rows.blob($0.record.blob).size }
          .reduce(0, +),
        checkpoints: checkpoints.reduce(0, +))
    }
  }

  func moveDataset(_ dataset: DatasetRecord) throws -> Registered<DatasetRecord> {
    try dataset.validate()
    return try write { rows, _ in
      guard let known = rows.datasets[dataset.name] else {
        throw StoreError.notFound(.dataset, dataset.name)
      }
      var record = known.record
      (record.path, record.fingerprint) = (dataset.path, dataset.fingerprint)
      guard record == dataset else { throw StoreError.nameTaken(.dataset, dataset.name) }
      let moved = Registered(record: record, createdAt: known.createdAt)
      rows.datasets[dataset.name] = moved
      return moved
    }
  }

  func removeDataset(_ name: String) throws {
    try write { rows, _ in
      guard rows.datasets[name] != nil else { throw StoreError.notFound(.dataset, name) }
      let users = rows.baseModels.values.filter { $0.record.dataset == name }.map(\.record.name)
      guard users.isEmpty else { throw StoreRules.datasetInUse(name, by: users.sorted()) }
      rows.datasets[name] = nil
    }
  }

  func replaceBaseModel(_ model: BaseModelRecord) throws -> Registered<BaseModelRecord> {
    try model.validate()
    _ = try JSONColumn.text(model.metadata, field: "metadata")
    return try write { rows, _ in
      guard let known = rows.baseModels[model.name] else {
        throw StoreError.notFound(.baseModel, model.name)
      }
      _ = try rows.blob(model.blob)
      guard known.record != model else { return known }
      guard known.record.dataset == model.dataset else {
        throw StoreError.nameTaken(.baseModel, model.name)
      }
      try rows.requireIdle(model.name)
      let replaced = Registered(record: model, createdAt: known.createdAt)
      rows.baseModels[model.name] = replaced
      rows.speeds[model.name] = nil
      rows.dropIfUnused(known.record.blob)
      return replaced
    }
  }

  func removeBaseModel(_ name: String, withModels: Bool) throws -> Int {
    try write { rows, _ in
      guard let known = rows.baseModels[name] else { throw StoreError.notFound(.baseModel, name) }
      try rows.requireIdle(name)
      let models = rows.models.map(\.record).filter { $0.baseModel == name }
      try StoreRules.requireUnneeded(
        name, models: withModels ? 0 : models.count, isDefault: rows.defaultBaseModel == name,
        hasOthers: rows.baseModels.count > 1)
      for model in models { rows.removeModel(at: try rows.modelIndex(model.id)) }
      rows.removeJobs { $0.asked.baseModel == name }
      for id in rows.users.keys {
        rows.users[id]?.profiles.removeAll { $0.record.baseModel == name }
      }
      rows.baseModels[name] = nil
      rows.speeds[name] = nil
      if rows.defaultBaseModel == name { rows.defaultBaseModel = nil }
      rows.dropIfUnused(known.record.blob)
      return models.count
    }
  }
}

extension MemoryRows {
  fileprivate func requireIdle(_ baseModel: String) throws {
    let open = jobs.filter { !$0.status.isFinished && $0.asked.baseModel == baseModel }
    try StoreRules.requireIdle(
      baseModel, openJobs: open.count, jobs: open.prefix(3).map(\.id))
  }

  /// Writes down that a user is here now.
  mutating func noteSeen(_ id: UserID, now: Int64) {
    guard let seen = users[id]?.seenAt, seen <= now - StoreRules.seenInterval else { return }
    users[id]?.seenAt = now
  }
}

extension MemoryRows.Model {
  fileprivate var bytes: Int64 { record.blob.size + record.files.reduce(0) { $0 + $1.blob.size } }
}
