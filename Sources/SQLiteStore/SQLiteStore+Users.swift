import ClassWeights
import GRDB
import Store

extension SQLiteStore {
  /// See ``UserDirectory/user(_:)``.
  public func user(_ id: UserID) throws -> UserRecord {
    try read { db in
      let row = try db.userRow(id)
      return UserRecord(
        id: id, createdAt: try row.date("created_at"),
        profile: try db.currentProfile(of: id.text))
    }
  }

  /// See ``UserDirectory/profiles(of:)``.
  public func profiles(of id: UserID) throws -> [ProfileRecord] {
    try read { db in
      _ = try db.userRow(id)
      return try db.all(
        "SELECT version, base_model, created_at, class_count, classes FROM profiles WHERE user = ? ORDER BY version DESC",
        [id.text]
      ).map { try db.profileRecord($0) }
    }
  }

  /// See ``UserDirectory/deleteUser(_:)``.
  public func deleteUser(_ id: UserID) throws -> UserDeletion {
    try write { db, now in
      _ = try db.userRow(id)
      let asked = try db.all("SELECT job FROM job_requesters WHERE user = ?", [id.text])
        .map { try $0.integer("job") }
      let cancelledJobs = try db.leaveJobs(user: id.text, now: now)
      let deletedModels = try db.leaveModels(user: id.text)
      try db.deleteForgottenJobs(among: asked)
      // Everything else that is the user's goes with the row.
      try db.run("DELETE FROM users WHERE id = ?", [id.text])
      try db.run("INSERT INTO erasures (requested_at) VALUES (?)", [now])
      return UserDeletion(cancelledJobs: cancelledJobs, deletedModels: deletedModels)
    }
  }
}

extension Database {
  fileprivate func userRow(_ id: UserID) throws -> Row {
    guard let row = try first("SELECT created_at FROM users WHERE id = ?", [id.text]) else {
      throw StoreError.notFound(.user, id.text)
    }
    return row
  }

  /// The user's latest profile.
  func currentProfile(of user: String) throws -> ProfileRecord? {
    try first(
      """
      SELECT p.version, p.base_model, p.created_at, p.class_count,
        coalesce(w.classes, p.classes) AS classes
      FROM profiles p LEFT JOIN profile_documents w ON w.user = p.user AND w.version = p.version
      WHERE p.user = ? ORDER BY p.version DESC LIMIT 1
      """, [user]
    ).map { try profileRecord($0) }
  }

  func profileRecord(_ row: Row) throws -> ProfileRecord {
    ProfileRecord(
      version: try row.int("version"), baseModel: try row.text("base_model"),
      classes: try row.list("classes", of: ClassWeight.self),
      classCount: try row.int("class_count"), createdAt: try row.date("created_at"))
  }

  /// - Returns: The open jobs nobody waits for after this, which are cancelled.
  fileprivate func leaveJobs(user: String, now: Int64) throws -> [JobID] {
    let rows = try all(
      """
      SELECT j.number, j.id, j.status FROM job_requesters r CROSS JOIN jobs j ON j.number = r.job
      WHERE r.user = ? ORDER BY j.number
      """, [user])
    var cancelled: [JobID] = []
    for row in rows {
      let job = try row.integer("number")
      try detach(user, fromJob: job)
      let status = try row.value("status", JobStatus.init(rawValue:))
      if !status.isFinished, try !isWanted(job: job) {
        try cancel(job, now: now)
        cancelled.append(try row.identifier("id", as: JobID.self))
      }
    }
    return cancelled
  }

  /// Deletes those jobs that nothing is left of but their row: nobody asked for them who is still
  /// here, their events have expired, and so will not take them along, and they have no model.
  fileprivate func deleteForgottenJobs(among jobs: [Int64]) throws {
    for job in jobs {
      try run(
        """
        DELETE FROM jobs WHERE number = ?1 AND finished_at IS NOT NULL AND log_kept = 0
          AND NOT EXISTS (SELECT 1 FROM job_requesters r WHERE r.job = ?1)
          AND NOT EXISTS (SELECT 1 FROM models m WHERE m.job = ?1)
        """, [job])
    }
  }

  /// - Returns: The models nobody has after this, which are deleted.
  fileprivate func leaveModels(user: String) throws -> [ModelID] {
    let orphans = try all(
      """
      SELECT m.number, m.id FROM model_users u CROSS JOIN models m ON m.number = u.model
      WHERE u.user = ?1 AND NOT EXISTS
        (SELECT 1 FROM model_users o WHERE o.model = u.model AND o.user <> ?1)
      ORDER BY m.number
      """, [user])
    for row in orphans {
      try deleteModel(number: row.integer("number"), as: .overwritten)
    }
    return try orphans.map { try $0.identifier("id", as: ModelID.self) }
  }
}
