import Foundation
import GRDB
import Store

extension SQLiteStore {
  /// Jobs in a transaction, each of which may take some thousand events along.
  private static let jobStep = 10

  /// See ``JobQueue/expireJobs(olderThan:beyond:)``.
  public func expireJobs(olderThan age: TimeInterval, beyond count: Int) throws -> Int {
    var total = try inSteps(of: Self.jobStep) { db, _ in
      try db.deleteJobs(db.all(Self.oldJobsQuery, [cutoff(age: age), Self.jobStep]))
    }
    var surplus =
      try read { db in
        try db.number(
          """
          SELECT count(*) FROM jobs INDEXED BY jobs_without_model
          WHERE finished_at IS NOT NULL AND result_model IS NULL
          """)
      } - Int64(count)
    while surplus > 0 {
      let step = min(Int64(Self.jobStep), surplus)
      let deleted = try write { db, _ in
        try db.deleteJobs(db.all(Self.oldJobsQuery, [Int64.max, step]))
      }
      guard deleted > 0 else { break }
      total += deleted
      surplus -= Int64(deleted)
    }
    return total
  }

  /// Finished jobs without a model that ended at the time of its first parameter or before, oldest
  /// first.
  package static let oldJobsQuery = """
    SELECT number FROM jobs INDEXED BY jobs_without_model
    WHERE finished_at IS NOT NULL AND result_model IS NULL AND finished_at <= ?
    ORDER BY finished_at LIMIT ?
    """

  /// See ``ModelCatalog/markUsed(_:)``.
  public func markUsed(_ ids: [ModelID]) throws {
    var rest = ids[...]
    while !rest.isEmpty {
      let some = rest.prefix(Self.step)
      rest = rest.dropFirst(Self.step)
      try write { db, now in
        for id in some {
          try db.run(
            "UPDATE models SET used_at = max(used_at, ?) WHERE id = ?", [now, id.rawValue])
        }
      }
    }
  }

  /// See ``ModelCatalog/expireModels(unusedFor:)``.
  public func expireModels(unusedFor age: TimeInterval) throws -> [ModelID] {
    var deleted: [ModelID] = []
    _ = try inSteps(of: Self.jobStep) { db, _ in
      let models = try db.all(Self.unusedModelsQuery, [cutoff(age: age), Self.jobStep])
      for row in models {
        let job = try row.integer("job")
        try db.deleteModel(number: row.integer("number"), as: .leisurely)
        try db.run("DELETE FROM jobs WHERE number = ?", [job])
        deleted.append(try row.identifier("id", as: ModelID.self))
      }
      return models.count
    }
    try removeDoomedBlobs()
    return deleted
  }

  /// Models that were made and last used at the time of its first parameter or before.
  package static let unusedModelsQuery = """
    SELECT number, id, job FROM models INDEXED BY models_used_at
    WHERE used_at <= ?1 AND created_at <= ?1 LIMIT ?2
    """

  /// See ``UserDirectory/storedBytes(of:)``.
  public func storedBytes(of user: UserID) throws -> Int64 {
    try read { db in try db.storedBytes(of: user.text) }
  }
}

extension Database {
  /// See ``UserDirectory/storedBytes(of:)``.
  func storedBytes(of user: String) throws -> Int64 {
    let blobs = try number(
      """
      SELECT coalesce(sum(size), 0) FROM (
        SELECT m.size AS size FROM model_users u CROSS JOIN models m ON m.number = u.model
          WHERE u.user = ?1
        UNION ALL
        SELECT f.size FROM model_users u CROSS JOIN model_files f ON f.model = u.model
          WHERE u.user = ?1
        UNION ALL
        SELECT b.size FROM jobs j CROSS JOIN checkpoints c ON c.job = j.number
          CROSS JOIN blobs b ON b.digest = c.blob
          WHERE j.owner = ?1 AND j.status IN ('queued', 'running')
      )
      """, [user])
    let jobs = try number(
      "SELECT coalesce(sum(bytes + ?), 0) FROM job_requesters WHERE user = ?",
      [StoreRules.bytesPerJob, user])
    let profiles = try number(
      "SELECT coalesce(sum(bytes), 0) FROM profiles WHERE user = ?", [user])
    return [jobs, profiles].reduce(blobs) { sum, bytes in
      let (sum, overflows) = sum.addingReportingOverflow(bytes)
      return overflows ? .max : sum
    }
  }

  /// Deletes finished jobs without a model, and all that is about them.
  fileprivate func deleteJobs(_ rows: [Row]) throws -> Int {
    for row in rows { try run("DELETE FROM jobs WHERE number = ?", [row.integer("number")]) }
    return rows.count
  }

  /// Deletes a model with its files.
  func deleteModel(number: Int64, as doom: Doom) throws {
    let blobs = try all(
      """
      SELECT blob FROM models WHERE number = ?1
      UNION SELECT blob FROM model_files WHERE model = ?1
      """, [number])
    try run("DELETE FROM models WHERE number = ?", [number])
    for blob in blobs { try doomIfUnused(blob.text("blob"), as: doom) }
  }
}
