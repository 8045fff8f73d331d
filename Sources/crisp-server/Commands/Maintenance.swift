import ArgumentParser
import PersonalizationService

/// `crisp-server backup --db FILE TARGET`
struct Backup: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Copy the database while the server runs.",
    discussion: """
      Example: crisp-server backup --db crisp.sqlite backup.sqlite

      The copy has the schema that the database has.
      """)

  @OptionGroup var database: DatabaseOptions
  @Argument(help: "The file to write; it must not exist.") var target: String

  func run() throws {
    try Administration(existing: database.database).backup(to: target)
    print("wrote \(target)")
  }
}

/// `crisp-server check --db FILE`
struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check the database: structure, references, every stored byte's digest.",
    discussion: """
      Example: crisp-server check --db crisp.sqlite

      Changes nothing, and reads databases of earlier versions as they are.
      """)

  @OptionGroup var database: DatabaseOptions
  @OptionGroup(title: "Object store") var objects: ObjectStoreOptions

  func run() throws {
    let place = try objects.store().map { ObjectPlace(store: $0, cache: nil) }
    let (isHealthy, text) = try Administration(existing: database.database, objects: place).check()
    print(text)
    if !isHealthy { throw ExitCode(1) }
  }
}

/// `crisp-server migrate --db FILE`
struct Migrate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Bring a database of an earlier version up to date; its server must not run.",
    discussion: """
      Example: crisp-server migrate --db crisp.sqlite

      Keeps the database as it was beside it, as crisp.sqlite.before-…. Starting the server does the \
      same by itself.
      """)

  @OptionGroup var database: DatabaseOptions
  @Flag(help: "Keep no copy of the database as it was.") var noBackup = false

  func run() throws {
    print(try Administration.migrate(database: database.database, keepingCopy: !noBackup))
  }
}

/// `crisp-server restore BACKUP --db FILE`
struct Restore: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Put a backup where a database is or was; its server must not run.",
    discussion: """
      Example: crisp-server restore backup.sqlite --db crisp.sqlite

      Checks the whole backup first and copies it. What was there is kept beside it, as \
      crisp.sqlite.replaced-…. Moving a backup onto the path by hand is not the same: the old \
      database's log, crisp.sqlite-wal, may still lie there and would damage it.
      """)

  @Argument(help: "The backup; it stays.") var backup: String
  @OptionGroup var database: DatabaseOptions

  func run() throws {
    print(try Administration.restore(backup: backup, database: database.database))
  }
}
