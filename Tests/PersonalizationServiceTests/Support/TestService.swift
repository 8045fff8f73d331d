import Foundation
import Logging
import PersonalizationService
import ServiceAPI
import TestSupport

/// A service on a free port of loopback, with a database of its own that knows the toy network.
final class TestService {
  let folder: TemporaryFolder
  let service: Service
  let client: HTTPClient
  private var isStopped = false

  var database: String { folder.file("crisp.sqlite") }
  var jobs: JobFollower { JobFollower(client) }

  /// With a folder of an earlier service, its database.
  init(
    folder existing: TemporaryFolder? = nil, logger: Logger? = nil,
    configure: (inout Service.Configuration) -> Void = { _ in }
  ) throws {
    folder = try existing ?? TemporaryFolder()
    let database = folder.file("crisp.sqlite")
    if existing == nil { try ToyWorld.register(in: database, folder: folder) }
    var configuration = Service.Configuration(database: database)
    configuration.http.port = 0
    configuration.threadsPerWorker = 1
    configuration.cache = URL(fileURLWithPath: folder.file("cache"))
    // Tests ask faster than people.
    configuration.postsPerMinute = 1_000_000
    // The speed that idle workers measure may be that of a machine busy with other things.
    configuration.jobLimits.seconds = 10_000_000
    configure(&configuration)
    var quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    quiet.logLevel = .critical
    service = try Service(configuration, logger: logger ?? quiet)
    client = HTTPClient(port: try service.start().port)
  }

  deinit { stop() }

  /// Whether everything ended by itself.
  @discardableResult
  func stop() -> Bool {
    guard !isStopped else { return true }
    isStopped = true
    return service.stop(deadline: 20)
  }

  /// Stops, then checks the database.
  func stopAndCheck() throws -> (isHealthy: Bool, text: String) {
    stop()
    return try Administration(database: database).check()
  }
}
