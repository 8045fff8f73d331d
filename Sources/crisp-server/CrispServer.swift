import ArgumentParser
import Foundation
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
      Config.self, Migrate.self, MigrateStore.self, Restore.self, Worker.self, Objects.self,
      Status.self, Queue.self, Job.self, Model.self, Users.self, Compact.self, RunJob.self,
    ],
    defaultSubcommand: Serve.self)

  /// Reads the command line, with what a file and the environment set, and does what it says.
  static func main() {
    do {
      let settings = try Settings(
        Array(CommandLine.arguments.dropFirst()), environment: ProcessInfo.processInfo.environment,
        tree: .program())
      var command = try parse(settings)
      try command.run()
    } catch {
      exit(withError: error)
    }
  }

  /// The command. Ends the program where it has none, and then says where a bad value was set: the
  /// parser knows flags only.
  private static func parse(_ settings: Settings) throws -> any ParsableCommand {
    do {
      return try parseAsRoot(settings.words)
    } catch {
      guard let origin = settings.origin(inError: message(for: error)) else { throw error }
      FileHandle.standardError.write(Data("\(fullMessage(for: error))\n\(origin)\n".utf8))
      throw exitCode(for: error)
    }
  }

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

  @Option(
    name: .customLong("config"),
    help: ArgumentHelp(
      "A file of settings, one a line: NAME = VALUE for --NAME (default: CRISP_CONFIG, or none).",
      valueName: "file"))
  var settings: String?
}
