import Foundation
import GRDB
import Store
import TestSupport

/// A database as a release left it, from `Schemas/schema-N.sql` (see `Schemas/make.py`).
struct ReleasedSchema {
  /// Schemas that were released; each has a file.
  static let versions = [1, 2, 3]

  let folder: TemporaryFolder
  var path: String { folder.file("crisp.sqlite") }

  init(_ version: Int) throws {
    folder = try TemporaryFolder()
    guard
      let file = Bundle.module.url(
        forResource: "schema-\(version)", withExtension: "sql", subdirectory: "Schemas")
    else { throw FixtureError.noSchema(version) }
    let sql = try String(contentsOf: file, encoding: .utf8)
    let database = try DatabaseQueue(path: path)
    try database.writeWithoutTransaction { db in try db.execute(sql: sql) }
    try database.close()
  }

  /// Every file there is, with its bytes.
  func files() throws -> [String: Data] {
    try Self.files(in: folder)
  }

  static func files(in folder: TemporaryFolder) throws -> [String: Data] {
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    return Dictionary(
      uniqueKeysWithValues: try names.map {
        ($0, try Data(contentsOf: URL(fileURLWithPath: folder.file($0))))
      })
  }
}
