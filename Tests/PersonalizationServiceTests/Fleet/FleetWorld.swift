#if Fleet
  import Foundation
  import Logging
  import PersonalizationService
  import TestSupport
  import Testing

  extension PostgresDatabase {
    static let reason = Comment(rawValue: absence)
  }

  /// A database that servers and workers share, with the toy network.
  final class FleetWorld {
    let database: PostgresDatabase
    let folder: TemporaryFolder

    init() throws {
      database = try PostgresDatabase()
      folder = try TemporaryFolder()
      try ToyWorld.register(in: database.uri, folder: folder)
    }

    /// A server without workers.
    func server(_ configure: (inout Service.Configuration) -> Void = { _ in }) throws -> TestService
    {
      try TestService(folder: folder) {
        $0.database = database.uri
        $0.workers = 0
        configure(&$0)
      }
    }

    /// A worker that works; the caller stops it.
    func worker(lease: TimeInterval = 2) throws -> WorkerService {
      var configuration = WorkerService.Configuration(database: database.uri)
      configuration.http.port = 0
      configuration.threadsPerWorker = 1
      configuration.lease = lease
      // This process is no crisp-server.
      configuration.isolation = nil
      var quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
      quiet.logLevel = .critical
      let worker = try WorkerService(configuration, logger: quiet)
      _ = try worker.start()
      return worker
    }
  }
#endif
