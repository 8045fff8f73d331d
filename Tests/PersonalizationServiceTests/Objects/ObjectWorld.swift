#if Fleet
  import Foundation
  import Logging
  import ObjectStore
  import PersonalizationService
  import PostgresStore
  import TestSupport
  import Testing
  import Transfers

  /// A database and a place in an object store, both real (`make test-fleet`), that know the toy network. No
  /// process that uses them has a file of another.
  final class ObjectWorld {
    private static let environment = ProcessInfo.processInfo.environment
    static let isThere =
      environment["CRISP_TEST_S3"] != nil && environment["CRISP_TEST_POSTGRES"] != nil
      && TransferClient.isAvailable
    static let reason: Comment =
      "CRISP_TEST_S3 or CRISP_TEST_POSTGRES is missing: run make test-fleet"

    let folder: TemporaryFolder
    let name: String
    let uri: String
    /// The keys that the stores of this world sign with, read again when the file changes.
    let credentials: String

    /// - Parameter padding: Bytes of a file beside the data set's own.
    init(isEmpty: Bool = false, padding: Int = 0) throws {
      folder = try TemporaryFolder()
      name = "crisp_objects_\(UInt64.random(in: .min ... .max))"
      let server = try #require(Self.environment["CRISP_TEST_POSTGRES"])
      try PostgresConnection(PostgresAddress(server)).execute("CREATE DATABASE \(name)")
      var parts = try #require(URLComponents(string: server))
      parts.path = "/" + name
      uri = try #require(parts.string)
      _ = try PostgresStore.migrate(uri)
      credentials = folder.file("credentials")
      try admit(true)
      guard !isEmpty else { return }
      try ToyWorld.register(in: uri, folder: folder, objects: place("operator"))
      if padding > 0 {
        try Data(count: padding).write(to: URL(fileURLWithPath: folder.file("data/padding")))
        _ = try Administration(database: uri, objects: place("operator"))
          .addDataset(name: ToyWorld.dataset, path: folder.file("data"))
      }
      // What is needed is in the object store.
      try FileManager.default.removeItem(atPath: folder.file("data"))
    }

    deinit {
      guard let server = Self.environment["CRISP_TEST_POSTGRES"] else { return }
      _ = try? PostgresConnection(PostgresAddress(server)).execute(
        "DROP DATABASE \(name) WITH (FORCE)")
    }

    /// Whether the object store knows the keys from now on.
    func admit(_ isAdmitted: Bool) throws {
      let key = isAdmitted ? Self.environment["AWS_ACCESS_KEY_ID"] ?? "" : "SOMEBODYELSE"
      let secret = Self.environment["AWS_SECRET_ACCESS_KEY"] ?? ""
      let text = "[default]\naws_access_key_id = \(key)\naws_secret_access_key = \(secret)\n"
      try Data(text.utf8).write(to: URL(fileURLWithPath: credentials), options: .atomic)
    }

    /// The bytes that are there.
    func bytes() throws -> ObjectBlobs { ObjectBlobs(try place("operator").store) }

    static var endpoint: String { environment["CRISP_TEST_S3"] ?? "" }

    /// The object store, with a cache of its own.
    func place(
      _ cache: String, prefix: String? = nil, bytes: Int64 = ObjectPlace.defaultCacheBytes
    ) throws -> ObjectPlace {
      var options = ObjectStore.Options()
      options.retry.attempts = 2
      options.retry.wait = { _ in }
      let store = try ObjectStore(
        ObjectStoreAddress("s3://crisp-test/\(prefix ?? name)", endpoint: Self.endpoint),
        credentials: CredentialSource(file: credentials), options: options)
      return ObjectPlace(store: store, cache: folder.file("cache-\(cache)"), cacheBytes: bytes)
    }

    private static var quiet: Logger {
      var logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
      logger.logLevel = .critical
      return logger
    }

    /// An API server without workers.
    func server(
      configure: (inout Service.Configuration) -> Void = { _ in }
    ) throws -> (service: Service, client: HTTPClient) {
      var configuration = Service.Configuration(database: uri)
      configuration.objects = try place("server")
      configuration.http.port = 0
      configuration.workers = 0
      configuration.cache = URL(fileURLWithPath: folder.file("measured"))
      configuration.postsPerMinute = 1_000_000
      configuration.jobLimits.seconds = 10_000_000
      configuration.defaultDataset = "/nowhere"
      configure(&configuration)
      let service = try Service(configuration, logger: Self.quiet)
      return (service, HTTPClient(port: try service.start().port))
    }

    /// A worker that has not started.
    func worker(cacheBytes: Int64 = ObjectPlace.defaultCacheBytes) throws -> WorkerService {
      var configuration = WorkerService.Configuration(database: uri)
      configuration.objects = try place("worker", bytes: cacheBytes)
      configuration.http.port = 0
      configuration.threadsPerWorker = 1
      configuration.isolation = JobIsolation(program: try ServerProcess.executable().path)
      return try WorkerService(configuration, logger: Self.quiet)
    }
  }
#endif
