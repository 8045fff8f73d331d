import ArgumentParser
import Flags

/// `crisp delete`: an end to a model.
struct Delete: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Delete a model of a server, or with --user take it from one user: others keep it.",
    discussion: "Example: crisp delete model_0123456789abcdef01234567")

  /// What `--json` prints.
  struct Report: Encodable {
    let deleted: String
  }

  @OptionGroup var server: ServerOptions
  @Argument(help: "The model, model_….") var model: String
  @Option(help: "Whose (default: yours; with an operator's token, or none, everyone's).")
  var user: String?
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await server.client().delete(model: model, user: user)
    try output.print(Report(deleted: model)) { "deleted \(model)" }
  }
}
