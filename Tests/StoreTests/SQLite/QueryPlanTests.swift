import Foundation
import GRDB
import SQLiteStore
import Store
import TestSupport
import Testing

/// SQLite's own account of how it answers (<https://www.sqlite.org/eqp.html>): no hot query may
/// read a whole table or sort.
@Suite struct QueryPlanTests {
  let folder: TemporaryFolder
  let database: DatabaseQueue

  init() throws {
    folder = try TemporaryFolder()
    let path = folder.file("crisp.sqlite")
    try SQLiteStore(path: path).close()
    database = try DatabaseQueue(path: path)
  }

  private func plan(_ sql: String) throws -> String {
    try database.read { db in
      let statement = try db.makeStatement(sql: "EXPLAIN QUERY PLAN \(sql)")
      statement.setUncheckedArguments([])
      return try Row.fetchAll(statement).compactMap { $0["detail"] as String? }
        .joined(separator: "\n")
    }
  }

  @Test func claimWalksTheOpenJobsInOrder() throws {
    let plan = try plan(SQLiteStore.claimQuery)
    // What follows is asked of jobs that need something of their worker.
    #expect(plan.hasPrefix("SCAN jobs USING INDEX jobs_open\nCORRELATED"), "\(plan)")
    #expect(!plan.contains("TEMP B-TREE"), "\(plan)")
  }

  @Test func listingsWalkAnIndexBackwards() throws {
    let ann = try UserID("ann")
    let expected: [(JobFilter, String)] = [
      (JobFilter(), "SEARCH j USING INTEGER PRIMARY KEY (rowid<?)"),
      (JobFilter(status: .queued), "SEARCH j USING INDEX jobs_status (status=? AND number<?)"),
      (JobFilter(user: ann), "SEARCH r USING COVERING INDEX job_requesters_added_at"),
      (
        JobFilter(user: ann, status: .queued),
        "SEARCH r USING COVERING INDEX job_requesters_added_at"
      ),
    ]
    for (filter, access) in expected {
      let plan = try plan(JobListQuery(filter).sql)
      #expect(plan.hasPrefix(access), "\(plan)")
      #expect(!plan.contains("SCAN") && !plan.contains("TEMP B-TREE"), "\(plan)")
    }
  }

  @Test func modelsOfAUserWalkAnIndexBackwards() throws {
    let plan = try plan(SQLiteStore.modelsOfUserQuery)
    #expect(plan.hasPrefix("SEARCH u USING COVERING INDEX model_users_added_at"), "\(plan)")
    #expect(!plan.contains("SCAN") && !plan.contains("TEMP B-TREE"), "\(plan)")
  }

  @Test func garbageIsFoundByAgeAndByReference() throws {
    let plan = try plan(SQLiteStore.staleQuery)
    #expect(plan.contains("SEARCH b USING INDEX blobs_touched_at"), "\(plan)")
    #expect(!plan.contains("SCAN"), "\(plan)")
  }

  @Test func expiredLogsAreFoundByAge() throws {
    let plan = try plan(SQLiteStore.oldLogsQuery)
    #expect(plan.hasPrefix("SEARCH jobs USING INDEX jobs_log_kept"), "\(plan)")
  }

  @Test func whatIsTooOldIsFoundByAge() throws {
    let jobs = try plan(SQLiteStore.oldJobsQuery)
    #expect(jobs.hasPrefix("SEARCH jobs USING INDEX jobs_without_model"), "\(jobs)")
    #expect(!jobs.contains("TEMP B-TREE"), "\(jobs)")
    let models = try plan(SQLiteStore.unusedModelsQuery)
    #expect(models.hasPrefix("SEARCH models USING INDEX models_used_at"), "\(models)")
  }

  @Test func usersAreListedByTheirKey() throws {
    let plan = try plan(SQLiteStore.usersQuery)
    #expect(plan.contains("u USING INDEX sqlite_autoindex_users_1 (id>?)"), "\(plan)")
    #expect(!plan.contains("SCAN") && !plan.contains("TEMP B-TREE"), "\(plan)")
  }

  @Test func everyForeignKeyHasAnIndex() throws {
    try database.read { db in
      let tables = try String.fetchAll(
        db, sql: "SELECT name FROM sqlite_master WHERE type = 'table'")
      #expect(tables.count > 10)
      for table in tables {
        // A key may have several columns.
        for condition in try String.fetchAll(
          db,
          sql: """
            SELECT group_concat("from" || ' = 1', ' AND ') FROM pragma_foreign_key_list(?) GROUP BY id
            """, arguments: [table])
        {
          let sql = "EXPLAIN QUERY PLAN SELECT 1 FROM \(table) WHERE \(condition)"
          let plan = try Row.fetchAll(db, sql: sql).compactMap { $0["detail"] as String? }
          #expect(plan.allSatisfy { $0.hasPrefix("SEARCH") }, "\(table), \(condition): \(plan)")
        }
      }
    }
  }
}
