import ArgumentParser
import Foundation
import PersonalizationService

/// `crisp-server migrate-store --from FILE --to ADDRESS`
struct MigrateStore: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "migrate-store",
    abstract:
      "Move everything from an SQLite file to a PostgreSQL database; its server must not run.",
    discussion: """
      Example: crisp-server migrate-store --from crisp.sqlite --to postgresql://crisp@db/crisp \
      --objects s3://bucket/crisp

      The database has this program's tables (crisp-server migrate) and nothing in them. Every byte is \
      read back and compared with its digest; rows go in one transaction. When it was stopped, run it \
      again: it goes on where it was. The file stays as it is. With --objects data sets' files are put \
      there too.
      """)

  @Option(help: "The SQLite database.") var from: String
  @Option(help: "Where to: postgresql://USER@HOST:PORT/DATABASE.") var to: String
  @OptionGroup(title: "Object store") var objects: ObjectStoreOptions

  func run() throws {
    let place = try objects.store().map { ObjectPlace(store: $0, cache: nil) }
    let move = try StoreMove(from: from, to: to, objects: place) { line in
      FileHandle.standardError.write(Data("\(line)\n".utf8))
    }
    print(try move.run())
  }
}
