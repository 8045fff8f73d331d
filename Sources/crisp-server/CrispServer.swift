import ArgumentParser
import PersonalizationService
import SparseRuntime

/// The operator's program.
@main
struct CrispServer: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "crisp-server",
    abstract: "Serve tailored image classifiers: users post classes, download small fast models.",
    version: Service.version,
    subcommands: [
      Serve.self, BaseModel.self, Dataset.self, Token.self, Backup.self, Check.self,
      Migrate.self, Restore.self, Worker.self, Objects.self,
    ],
    defaultSubcommand: Serve.self)

  /// What no command could work with: the environment's limit, were it no instruction set.
  func validate() throws {
    do { try InstructionSet.checkLimit() } catch { throw ValidationError(error.description) }
  }
}

/// The database that every command works on.
struct DatabaseOptions: ParsableArguments {
  @Option(
    name: .customLong("db"),
    help: """
      The SQLite database, which a command that writes makes where there is none; or \
      postgresql://USER@HOST:PORT/DATABASE.
      """)
  var database: String
}
