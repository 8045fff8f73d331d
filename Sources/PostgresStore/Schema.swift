#if Fleet
  import Digests
  import Migrations
  import Store

  /// Which tables a database has.
  struct Schema {
    private let connection: PostgresConnection
    private let address: String

    init(_ connection: PostgresConnection, address: String) {
      self.connection = connection
      self.address = address
    }

    /// The number of steps that were applied; 0 for a database without tables.
    /// - Throws: ``StoreError/foreignDatabase(path:mark:)``.
    func version() throws -> Int {
      let found = try connection.execute(
        """
        SELECT to_regclass('crisp_schema') IS NOT NULL AS is_ours,
          EXISTS (SELECT 1 FROM pg_class WHERE relkind IN ('r', 'p') AND relname = 'jobs'
            AND relnamespace = current_schema()::regnamespace) AS has_jobs
        """, []
      ).rows.first
      guard try found?.bool("is_ours") == true else {
        guard try found?.bool("has_jobs") != true else {
          throw StoreError.foreignDatabase(path: address, mark: "it has a table called jobs")
        }
        return 0
      }
      return try connection.execute("SELECT version FROM crisp_schema", []).rows.first?.int(
        "version") ?? 0
    }

    /// - Throws: ``StoreError/olderSchema(path:found:supported:)``,
    ///   ``StoreError/newerSchema(path:found:supported:)``, ``StoreError/readOnly(address:reason:)``.
    func require() throws {
      let found = try version()
      let supported = postgresMigrations.count
      if found > supported {
        throw StoreError.newerSchema(path: address, found: found, supported: supported)
      }
      if found < supported {
        throw StoreError.olderSchema(path: address, found: found, supported: supported)
      }
      let right = try connection.execute(
        """
        SELECT has_table_privilege('jobs', 'INSERT') AND has_table_privilege('jobs', 'UPDATE')
          AND has_table_privilege('blob_chunks', 'DELETE') AS writes, current_user AS name
        """, []
      ).rows.first
      guard try right?.bool("writes") == true else {
        throw StoreError.readOnly(
          address: address, reason: "the user \(try right?.text("name") ?? "") may not change jobs")
      }
    }
  }

  extension PostgresStore {
    /// The schema that this program reads and writes.
    public var schemaVersion: Int { postgresMigrations.count }

    /// Which database this is: a name that no other has, but for its copies.
    public func identity() throws -> String {
      try read { db in
        guard let row = try db.first("SELECT identity FROM crisp_schema") else {
          throw StoreError.databaseCorrupt(reason: "it has no name of its own")
        }
        return try row.text("identity")
      }
    }

    /// Blobs whose bytes are not in the database, base models first.
    public func placedBlobs(limit: Int) throws -> [SHA256Digest] {
      try read { db in
        try db.all(
          """
          SELECT b.digest FROM blobs b WHERE b.place IS NOT NULL AND b.digest IS NOT NULL
          ORDER BY EXISTS (SELECT 1 FROM base_models m WHERE m.blob = b.digest) DESC, b.number LIMIT $1
          """, [limit]
        ).map { try $0.digest("digest") }
      }
    }

    /// Brings a database's schema up to date, all of it or nothing; two at once wait for each other.
    /// - Returns: From which version to which; nil when there was nothing to do.
    /// - Throws: ``StoreError``.
    public static func migrate(_ uri: String) throws -> (from: Int, to: Int)? {
      let address = try PostgresAddress(uri)
      let connection = try PostgresConnection(address)
      do {
        // Of a table with many rows a step may take long; a lock that nobody gives up ends it.
        try connection.execute("BEGIN; SET LOCAL lock_timeout = 30000")
        _ = try connection.execute("SELECT pg_advisory_xact_lock(1129468752, 0)", [])
        let found = try Schema(connection, address: address.text).version()
        let supported = postgresMigrations.count
        guard found <= supported else {
          throw StoreError.newerSchema(path: address.text, found: found, supported: supported)
        }
        for step in postgresMigrations.dropFirst(found) { try connection.execute(step.sql) }
        if found < supported {
          _ = try connection.execute("UPDATE crisp_schema SET version = \(supported)", [])
        }
        try connection.execute("COMMIT")
        return found < supported ? (found, supported) : nil
      } catch let fault as PostgresFault {
        throw fault.error(at: address.text)
      }
    }
  }
#endif
