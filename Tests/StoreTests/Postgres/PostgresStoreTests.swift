#if Fleet
  import Dispatch
  import Foundation
  import PostgresStore
  import Store
  import TestSupport
  import Testing

  /// What only a database that many use at once can show.
  @Suite(.enabled(if: PostgresDatabase.isThere, PostgresDatabase.reason), .serialized)
  struct PostgresStoreTests {
    /// A store with a base model, and what keeps its database.
    private func world() throws -> (fixture: Fixture, database: PostgresDatabase) {
      let database = try PostgresDatabase()
      let store = try PostgresStore(database.uri, configuration: PostgresDatabase.few)
      return (try Fixture(store: store, clock: TestClock(), lifetime: database), database)
    }

    // MARK: Opening

    private func refusal(_ uri: String) -> StoreError? {
      let error = #expect(throws: StoreError.self) { try PostgresStore(uri) }
      #expect(error?.description.contains("secret") == false)
      return error
    }

    @Test func eachReasonHasItsSentence() throws {
      let database = try PostgresDatabase()
      let host = try #require(URLComponents(string: database.uri)?.host)
      let unknown = refusal(PostgresDatabase.uri("crisp_nowhere", password: "secret"))
      #expect(unknown?.code == "database_access_denied")
      #expect(unknown?.description.contains("/crisp_nowhere refuses") == true)
      let stranger = refusal(
        PostgresDatabase.uri(database.name, user: "nobody_known", password: "secret"))
      #expect(stranger?.code == "database_access_denied")
      #expect(stranger?.description.contains("nobody_known@\(host)") == true)

      let empty = try PostgresDatabase(isEmpty: true)
      let older = refusal(empty.uri)
      #expect(older?.code == "older_schema")
      #expect(older?.description.contains("crisp-server migrate --db postgresql://") == true)
      try empty.execute("CREATE TABLE jobs (name text)")
      #expect(refusal(empty.uri)?.code == "foreign_database")
      #expect(throws: StoreError.self) { try PostgresStore.migrate(empty.uri) }

      try database.execute("UPDATE crisp_schema SET version = 1000")
      #expect(refusal(database.uri)?.code == "newer_schema")
      #expect(throws: StoreError.self) { try PostgresStore.migrate(database.uri) }
    }

    @Test func whoMayOnlyReadIsTold() throws {
      let (fixture, database) = try world()
      let role = "reader_\(database.name)"
      try database.execute(
        """
        CREATE ROLE \(role) LOGIN PASSWORD 'secret';
        GRANT SELECT ON ALL TABLES IN SCHEMA public TO \(role)
        """)
      defer {
        do { try database.execute("DROP OWNED BY \(role); DROP ROLE \(role)") } catch {
          Issue.record(error)
        }
      }
      let error = refusal(PostgresDatabase.uri(database.name, user: role, password: "secret"))
      #expect(error?.code == "database_read_only")
      #expect(error?.description.contains(role) == true)
      withExtendedLifetime(fixture) {}
    }

    @Test func migratingTwiceAtOnceMigratesOnce() throws {
      let empty = try PostgresDatabase(isEmpty: true)
      let done = Collector<Bool>()
      DispatchQueue.concurrentPerform(iterations: 4) { _ in
        do { done.append(try PostgresStore.migrate(empty.uri) != nil) } catch {
          Issue.record(error)
        }
      }
      #expect(done.values.count { $0 } == 1 && done.values.count == 4)
      _ = try PostgresStore(empty.uri)
    }

    // MARK: Many at once

    /// Works on jobs until none is left; what was claimed, by job and attempt.
    private func drain(_ store: PostgresStore, as worker: String, into claims: Collector<String>) {
      do {
        let blob = try store.put(Data("model of \(worker)".utf8)).digest
        while let job = try store.claim(worker: worker, lease: 60) {
          claims.append("\(job.id) \(job.attempt)")
          _ = try store.heartbeat(job.id, attempt: job.attempt, worker: worker, lease: 60)
          _ = try store.publish(
            job.id, attempt: job.attempt,
            model: NewModel(blob: blob, labels: ["Boot"], card: Fixture.json("{}")))
        }
      } catch { Issue.record("\(worker): \(error)") }
    }

    @Test func nothingIsClaimedTwice() throws {
      let (fixture, database) = try world()
      for number in 0..<120 { try fixture.submit("user \(number % 17)", "job \(number)") }
      let stores = try (0..<2).map { _ in
        try PostgresStore(database.uri, configuration: PostgresDatabase.few)
      }
      let claims = Collector<String>()
      DispatchQueue.concurrentPerform(iterations: 8) { index in
        drain(stores[index % 2], as: "worker \(index)", into: claims)
      }
      #expect(claims.values.count == 120 && Set(claims.values).count == 120)
      let statistics = try fixture.store.statistics()
      #expect(statistics.models == 120 && statistics.jobs[.succeeded] == 120)
    }

    @Test func theSameRequestAtOnceIsOneJobAndOneKey() throws {
      let (fixture, database) = try world()
      let stores = try (0..<2).map { _ in
        try PostgresStore(database.uri, configuration: PostgresDatabase.few)
      }
      let jobs = Collector<JobID>()
      DispatchQueue.concurrentPerform(iterations: 16) { index in
        do {
          let request = try fixture.submission(index % 2 == 0 ? "ann" : "bob", "bags", key: "k")
          jobs.append(try stores[index % 2].submit(request).job.id)
        } catch { Issue.record(error) }
      }
      #expect(jobs.values.count == 16 && Set(jobs.values).count == 1)
    }

    @Test func limitsHoldOverAllServers() throws {
      let (fixture, database) = try world()
      let other = try PostgresStore(database.uri, configuration: PostgresDatabase.few)
      let stores: [any CompleteStore] = [fixture.store, other]
      let outcomes = Collector<String>()
      DispatchQueue.concurrentPerform(iterations: 24) { index in
        do {
          let request = try fixture.submission(
            "user \(index)", "job \(index)", limits: QueueLimits(total: 7, perUser: 2))
          _ = try stores[index % 2].submit(request)
          outcomes.append("queued")
        } catch let error as StoreError {
          outcomes.append(error.code)
        } catch { Issue.record(error) }
      }
      #expect(outcomes.values.count { $0 == "queued" } == 7)
      #expect(outcomes.values.count { $0 == "queue_full" } == 17)
    }

    @Test func theSameBytesAtOnceAreOneBlob() throws {
      let (fixture, database) = try world()
      let bytes = Data((0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
      let other = try PostgresStore(database.uri, configuration: PostgresDatabase.few)
      let blobs = Collector<BlobRecord>()
      DispatchQueue.concurrentPerform(iterations: 6) { index in
        do {
          let store: any CompleteStore = index % 2 == 0 ? fixture.store : other
          blobs.append(try store.put(bytes))
        } catch { Issue.record(error) }
      }
      #expect(Set(blobs.values).count == 1)
      let blob = try #require(blobs.values.first)
      #expect(try fixture.store.check(blob.digest))
      #expect(try fixture.store.statistics().blobs == 2)
    }

    @Test func eventsOfManyCountWithoutGaps() throws {
      let (fixture, _) = try world()
      let id = try fixture.submit("ann", "bags").job.id
      DispatchQueue.concurrentPerform(iterations: 4) { index in
        for number in 0..<5 {
          do {
            _ = try fixture.store.append(NewEvent(type: "x", message: "\(index) \(number)"), to: id)
          } catch { Issue.record(error) }
        }
      }
      let events = try fixture.store.events(of: id, after: 0, limit: 100).elements
      #expect(events.map(\.sequence) == Array(1...20))
    }

    // MARK: When connections break

    @Test func killedConnectionsAreSurvived() throws {
      let (fixture, database) = try world()
      for number in 0..<60 { try fixture.submit("user \(number % 7)", "job \(number)") }
      let stores = try (0..<2).map { _ in
        try PostgresStore(database.uri, configuration: PostgresDatabase.few)
      }
      let claims = Collector<String>()
      let (finished, ended) = (Collector<Int>(), DispatchSemaphore(value: 0))
      let kills = Collector<Int>()
      DispatchQueue.global().async {
        defer { ended.signal() }
        while finished.values.count < 4 {
          // Of every other connection to this database, one at a time: never all attempts of one call.
          let killed = try? database.execute(
            """
            SELECT count(pg_terminate_backend(pid)) AS n FROM (SELECT pid FROM pg_stat_activity
              WHERE datname = current_database() AND pid <> pg_backend_pid()
              ORDER BY random() LIMIT 1) p
            """)
          if let text = try? killed?.rows.first?.optionalText("n"), let count = Int(text), count > 0
          {
            kills.append(count)
          }
        }
      }
      DispatchQueue.concurrentPerform(iterations: 4) { index in
        defer { finished.append(index) }
        persist(stores[index % 2], as: "worker \(index)", into: claims)
      }
      ended.wait()
      #expect(!kills.values.isEmpty)
      // Whoever claimed and was not told holds its job until the lease is over.
      try database.execute("UPDATE job_leases SET expires_at = 0")
      persist(stores[0], as: "last", into: claims)
      let statistics = try stores[0].statistics()
      #expect(statistics.models == 60 && statistics.jobs[.succeeded] == 60, "\(statistics.jobs)")
      #expect(Set(claims.values).count == claims.values.count, "an attempt was handed out twice")
    }

    /// As a worker does: what may pass is tried again, what is another's is let go.
    private func persist(_ store: PostgresStore, as worker: String, into claims: Collector<String>)
    {
      func patiently<Value>(_ body: () throws -> Value) throws -> Value {
        while true {
          do { return try body() } catch let error as StoreError
            where ["database_unreachable", "database_busy"].contains(error.code)
          {}
        }
      }
      do {
        while let job = try patiently({ try store.claim(worker: worker, lease: 600) }) {
          claims.append("\(job.id) \(job.attempt)")
          do {
            try patiently {
              let blob = try store.put(Data("model of \(job.id)".utf8)).digest
              _ = try store.publish(
                job.id, attempt: job.attempt,
                model: NewModel(blob: blob, labels: ["Boot"], card: Fixture.json("{}")))
            }
          } catch StoreError.leaseLost {
            // Published, but the answer was lost.
          }
        }
      } catch { Issue.record("\(worker): \(error)") }
    }

    @Test func aPoolThatIsUsedUpSaysSo() throws {
      let database = try PostgresDatabase()
      var configuration = PostgresDatabase.few
      configuration.connections = 1
      configuration.patience = 0.2
      let store = try PostgresStore(database.uri, configuration: configuration)
      let fixture = try Fixture(store: store, clock: TestClock(), lifetime: database)
      try fixture.submit("ann", "bags")
      // A check hands out its jobs while it reads.
      let report = try store.check { record in
        guard case .job = record else { return }
        let error = #expect(throws: StoreError.self) { try store.backlog() }
        #expect(error?.code == "database_busy")
        #expect(error?.description.contains("all 1 connections were in use") == true)
      }
      #expect(report.isHealthy)
      #expect(try store.backlog().queued == 1)
    }

    @Test func aLockThatIsHeldIsNotWaitedForLong() throws {
      let (fixture, database) = try world()
      var configuration = PostgresDatabase.few
      configuration.lockTimeout = 100
      let store = try PostgresStore(database.uri, configuration: configuration)
      let id = try fixture.submit("ann", "bags").job.id
      let holder = try PostgresConnection(PostgresAddress(database.uri))
      try holder.execute("BEGIN; SELECT 1 FROM jobs FOR UPDATE")
      let error = #expect(throws: StoreError.self) { try store.requestCancel(id) }
      #expect(error?.code == "database_busy")
      // What another holds is passed over.
      #expect(try store.claim(worker: "w", lease: 10) == nil)
      try holder.execute("ROLLBACK")
      #expect(try store.requestCancel(id).status == .cancelled)
    }

    /// A server that goes on while a migration changes tables: its prepared statements answer with columns
    /// that are others now ("cached plan must not change result type").
    @Test func statementsAreMadeAgainWhenTablesChange() throws {
      let (fixture, database) = try world()
      let id = try fixture.submit("ann", "bags").job.id
      let store = try PostgresStore(database.uri, configuration: PostgresDatabase.few)
      #expect(try store.job(id).classCount == 1)
      let other = try PostgresConnection(PostgresAddress(database.uri))
      try other.execute("ALTER TABLE jobs ALTER COLUMN class_count TYPE bigint")
      #expect(try store.job(id).classCount == 1)
      let claimed = try #require(try store.claim(worker: "w", lease: 10))
      try other.execute("ALTER TABLE jobs ALTER COLUMN class_count TYPE integer")
      #expect(try store.heartbeat(claimed.id, attempt: 1, worker: "w", lease: 10) == false)
      #expect(try store.job(id).attempt == 1)
    }

    /// Named statements are one connection's: the second call finds the first one's.
    @Test func statementsArePreparedOnce() throws {
      let database = try PostgresDatabase()
      let connection = try PostgresConnection(PostgresAddress(database.uri))
      let sql =
        "SELECT count(*) AS n FROM pg_prepared_statements WHERE name LIKE 'crisp%' AND $1 > 0"
      func count(_ value: PostgresValue) throws -> Int64? {
        try connection.execute(sql, [value]).rows.first?.integer("n")
      }
      #expect(try (0..<3).map { _ in try count(.integer(1)) } == [1, 1, 1])
      // Another type is another statement.
      #expect(try count(.number(1)) == 2)
    }

    @Test func othersChangesAreToldOfInTime() throws {
      let (fixture, database) = try world()
      let other = try PostgresStore(database.uri, configuration: PostgresDatabase.few)
      let told = DispatchSemaphore(value: 0)
      other.onCommit { told.signal() }
      try fixture.submit("ann", "bags")
      #expect(told.wait(timeout: .now() + 10) == .success)
    }
  }
#endif
