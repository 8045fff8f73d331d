#if Fleet
  import Digests
  import Store

  extension PostgresStore {
    /// What a database holds that rows are to be moved into.
    package struct MoveTarget: Sendable {
      /// Whether nobody has put anything into it but bytes of blobs.
      package let isEmpty: Bool
      /// The digest of what was moved into it.
      package let movedFrom: SHA256Digest?
    }

    /// What is here already.
    package func moveTarget() throws -> MoveTarget {
      try read { db in try db.moveTarget() }
    }

    /// All blobs with a name.
    package func blobDigests() throws -> Set<SHA256Digest> {
      try Set(
        read { db in
          try db.all("SELECT digest FROM blobs WHERE digest IS NOT NULL").map {
            try $0.digest("digest")
          }
        })
    }

    /// Takes the rows over that `rows` hands out, all in one transaction, which may be tried again: then they
    /// are handed out again.
    /// - Parameter mark: Their digest.
    /// - Returns: How many rows each table got; nil when others have put something here meanwhile.
    /// - Throws: ``StoreError``, what `rows` throws.
    package func takeRows(
      mark: SHA256Digest,
      _ rows: (_ take: (MovedTable, [[MovedValue]]) throws -> Void) throws -> Void
    ) throws -> [String: Int]? {
      try write { db, _ in
        // Of a large store this takes longer than any request may: an hour for each statement.
        try db.run("SET LOCAL statement_timeout = 3600000")
        // Nobody may come between: a server that starts now waits, or meets what was moved.
        let names = MovedTable.all.map(\.name).joined(separator: ", ")
        try db.run("LOCK TABLE \(names) IN SHARE ROW EXCLUSIVE MODE")
        guard try db.moveTarget().isEmpty else { return nil }
        var counts: [String: Int] = [:]
        try rows { table, some in
          try db.insert(some, into: table)
          counts[table.name, default: 0] += some.count
        }
        try db.run(
          """
          UPDATE jobs j SET result_model = m.number FROM models m
          WHERE m.job = j.number AND j.status = 'succeeded'
          """)
        for table in ["jobs", "models"] {
          _ = try db.all(
            """
            SELECT setval(pg_get_serial_sequence('\(table)', 'number'), max(number)) FROM \(table)
            HAVING max(number) IS NOT NULL
            """)
        }
        try db.run("UPDATE crisp_schema SET moved_from = $1", [mark.hex])
        return counts
      }
    }
  }

  extension PostgresSession {
    fileprivate func moveTarget() throws -> PostgresStore.MoveTarget {
      let found = MovedTable.all.map { "EXISTS (SELECT 1 FROM \($0.name))" }
        .joined(separator: " OR ")
      guard
        let row = try first(
          "SELECT moved_from, NOT (\(found)) AS is_empty FROM crisp_schema")
      else { throw StoreError.databaseCorrupt(reason: "it has no name of its own") }
      return PostgresStore.MoveTarget(
        isEmpty: try row.bool("is_empty"), movedFrom: try row.optionalDigest("moved_from"))
    }

    fileprivate func insert(_ rows: [[MovedValue]], into table: MovedTable) throws {
      var next = 0
      let places = rows.map { row in
        let numbers = row.map { _ in
          next += 1
          return "$\(next)"
        }
        return "(\(numbers.joined(separator: ", ")))"
      }
      // Numbers as well, by which rows refer to one another.
      try run(
        """
        INSERT INTO \(table.name) (\(table.columns.joined(separator: ", "))) OVERRIDING SYSTEM VALUE
        VALUES \(places.joined(separator: ", "))
        """,
        rows.flatMap { row in
          row.map { value -> (any PostgresBindable)? in
            switch value {
            case .null: nil
            case .bool(let value): value
            case .integer(let value): value
            case .number(let value): value
            case .text(let value): value
            }
          }
        })
    }
  }
#endif
