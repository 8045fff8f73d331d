import ArgumentParser
import SparseRuntime

/// The command line for developers and researchers; `crisp-server` is the operator's.
@main
struct Crisp: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "crisp",
    abstract: "Tailor image classifiers to a few classes: small, fast, measurable.",
    version: generator,
    subcommands: [
      Train.self, Prune.self, Compare.self, Evaluate.self, Predict.self, Inspect.self, Bench.self,
      Device.self, Estimate.self, Convert.self, Personalize.self, Jobs.self, Models.self,
      Download.self, Cancel.self, Delete.self,
      Table.self,
    ])

  /// Name and version, as model cards state them.
  static let generator = "crisp 0.1.0"

  /// What no command could work with: the environment's limit, were it no instruction set.
  func validate() throws {
    do { try InstructionSet.checkLimit() } catch { throw ValidationError(error.description) }
  }
}
