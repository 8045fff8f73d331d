import JobContract
import Logging
import ObjectStore
import PostgresStore
import SQLiteStore
import Store

/// What an operator names a database by: the path of a file, or the address of a PostgreSQL server.
enum DatabaseAddress {
  case file(path: String)
  case server(uri: String)

  init(_ text: String) {
    let isServer = text.hasPrefix("postgresql://") || text.hasPrefix("postgres://")
    self = isServer ? .server(uri: text) : .file(path: text)
  }

  /// Refuses an object store beside a file, which has all bytes itself.
  static func refuse(_ objects: ObjectPlace?) throws {
    if objects != nil { throw ServiceError.objectsBesideFile }
  }

  /// Opens a server's database, whose schema stays as it is.
  /// - Parameter objects: Where the bytes of new blobs go, and those are that were put there.
  /// - Throws: `StoreError`, `ObjectStoreError`.
  static func open(uri: String, objects: ObjectPlace? = nil) throws -> any CompleteStore {
    #if Fleet
      let store = try PostgresStore(uri, bytes: objects.map { ObjectBlobs($0.store) })
      // Whoever has a place removes there what it does not know.
      try objects?.store.claim(for: store.identity())
      return store
    #else
      throw withoutFleet
    #endif
  }

  /// Blobs that are looked for before a program runs on.
  private static let sample = 16

  /// The same for what is to run on, which must not find later that half of what it needs is missing.
  static func openToServe(
    uri: String, objects: ObjectPlace?, logger: Logger
  ) throws -> any CompleteStore {
    #if Fleet
      if let objects, try !objects.store.probe().conditionalWrites {
        logger.warning(
          """
          the object store knows no conditional writes: bytes may be stored twice, and are never mixed up; of \
          two databases that are given this place at the same moment neither may be refused, so see that it \
          is one database's
          """, metadata: ["objects": "\(objects.store.address)"])
      }
      let store = try PostgresStore(uri, bytes: objects.map { ObjectBlobs($0.store) })
      let placed = try store.placedBlobs(limit: sample)
      guard let objects else {
        guard placed.isEmpty else { throw ServiceError.objectsMissing(database: store.address) }
        return store
      }
      let owner = try store.identity()
      _ = try objects.store.isClaimed(for: owner)
      // One that is lost is its models' misfortune; where nothing is, the place is the wrong one.
      let missing = try placed.filter { try MissingData.lacksBytes(of: $0, in: store) }
      guard placed.isEmpty || missing.count < placed.count else {
        throw ServiceError.objectsElsewhere(
          database: store.address, objects: "\(objects.store.address)")
      }
      // Last: what is refused leaves no mark.
      try objects.store.claim(for: owner)
      for digest in missing {
        logger.warning(
          "the object store has lost the bytes of a blob: restore them from a copy",
          metadata: ["blob": "\(digest)", "objects": "\(objects.store.address)"])
      }
      return store
    #else
      throw withoutFleet
    #endif
  }

  /// Brings a server's database up to date; from which schema to which, or nil.
  static func migrate(uri: String) throws -> (from: Int, to: Int)? {
    #if Fleet
      return try PostgresStore.migrate(uri)
    #else
      throw withoutFleet
    #endif
  }

  /// The address without what is secret in it.
  static func shown(uri: String) throws -> String {
    #if Fleet
      return try PostgresAddress(uri).text
    #else
      throw withoutFleet
    #endif
  }

  #if !Fleet
    private static let withoutFleet = StoreError.badAddress(
      address: "--db", reason: "this program was built without PostgreSQL")
  #endif
}
