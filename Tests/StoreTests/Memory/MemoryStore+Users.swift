import Foundation
import Store

extension MemoryRows {
  func user(_ id: UserID) throws -> User {
    guard let user = users[id] else { throw StoreError.notFound(.user, id.text) }
    return user
  }

  /// Adds a version to the profile unless it is the current one.
  mutating func recordProfile(_ request: Submission, _ row: CheckedSubmission, now: Int64) {
    var profiles = users[request.user]?.profiles ?? []
    if let last = profiles.last, last.record.baseModel == request.baseModel,
      last.record.classes == request.classes, last.document == request.profile
    {
      return
    }
    let record = ProfileRecord(
      version: (profiles.last?.record.version ?? 0) + 1, baseModel: request.baseModel,
      classes: request.classes, classCount: request.classes.count,
      createdAt: Timestamp.date(now))
    profiles.append((record, request.profile, row.classesText.utf8.count + row.profile.utf8.count))
    while profiles.count > 1,
      profiles.count > UserRecord.historyLimit
        || profiles.reduce(0, { $0 + $1.bytes }) > UserRecord.historyByteLimit
    {
      profiles.removeFirst()
    }
    users[request.user]?.profiles = profiles
  }

  func storedBytes(of id: UserID) -> Int64 {
    var sum: Int64 = 0
    for model in models where model.users[id] != nil {
      sum += model.record.blob.size + model.record.files.reduce(0) { $0 + $1.blob.size }
    }
    for job in jobs {
      if job.owner == id, !job.status.isFinished {
        sum += job.checkpoints.values.reduce(0) { $0 + $1.blob.size }
      }
      if let requester = job.requesters[id] {
        sum += StoreRules.bytesPerJob + Int64(requester.bytes)
      }
    }
    return sum + Int64(users[id]?.profiles.reduce(0) { $0 + $1.bytes } ?? 0)
  }
}

extension MemoryStore {
  func user(_ id: UserID) throws -> UserRecord {
    try read { rows in
      let user = try rows.user(id)
      return UserRecord(
        id: id, createdAt: Timestamp.date(user.createdAt), profile: user.profiles.last?.record)
    }
  }

  func profiles(of id: UserID) throws -> [ProfileRecord] {
    try read { rows in try rows.user(id).profiles.reversed().map(\.record) }
  }

  func storedBytes(of id: UserID) throws -> Int64 { try read { $0.storedBytes(of: id) } }

  func deleteUser(_ id: UserID) throws -> UserDeletion {
    try write { rows, now in
      _ = try rows.user(id)
      var cancelled: [JobID] = []
      for index in rows.jobs.indices where rows.jobs[index].requesters[id] != nil {
        rows.detach(id, fromJobAt: index)
        if !rows.jobs[index].status.isFinished, rows.jobs[index].requesters.isEmpty {
          rows.cancel(jobAt: index, now: now)
          cancelled.append(rows.jobs[index].id)
        }
      }
      let orphans = rows.models.filter { $0.users.count == 1 && $0.users[id] != nil }
        .map(\.record.id)
      for orphan in orphans { rows.removeModel(at: try rows.modelIndex(orphan)) }
      for index in rows.models.indices { rows.models[index].users[id] = nil }
      rows.users[id] = nil
      rows.tokens.removeAll { $0.user == id }
      let made = Set(rows.models.map(\.record.job))
      rows.removeJobs {
        $0.status.isFinished && !$0.isLogKept && $0.requesters.isEmpty && !made.contains($0.id)
      }
      return UserDeletion(cancelledJobs: cancelled, deletedModels: orphans)
    }
  }

  func eraseRemains() throws -> Bool { true }
}
