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

  /// Opens a server's database, whose schema stays as it is.
  static func open(uri: String) throws -> any CompleteStore {
    #if Fleet
      return try PostgresStore(uri)
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
