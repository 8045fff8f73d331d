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
      let store = try open(uri: uri, objects: objects)
      guard let store = store as? PostgresStore, let blob = try store.anyPlacedBlob() else {
        return store
      }
      guard let objects else { throw ServiceError.objectsMissing(database: store.address) }
      do {
        let reader = try store.open(blob.record.digest)
        _ = try reader.read(offset: 0, length: Int(min(1, reader.size)))
      } catch StoreError.notFound(.blob, _) {
        throw ServiceError.objectsElsewhere(
          database: store.address, objects: "\(objects.store.address)")
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
