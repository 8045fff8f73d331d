import ArgumentParser
import Flags
import Foundation
import Inputs
import PersonalizationClient
import ServiceAPI

/// `crisp jobs`: what a server was asked for.
struct Jobs: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List the newest jobs of a server.",
    discussion: "Example: crisp jobs --user ada --status running")

  @OptionGroup var server: ServerOptions
  @Option(help: "Whose jobs (default: all that you may see).") var user: String?
  @Option(help: "queued, running, succeeded, failed or cancelled.") var status: String?
  @Option(help: "Jobs to list, 1 to 100.") var limit = 20
  @OptionGroup var output: OutputOptions

  func validate() throws { try InputRange(1...100).check(limit, "--limit") }

  func run() async throws {
    let page = try await server.client().jobs(user: user, status: status, limit: limit)
    try output.print(page) {
      guard !page.data.isEmpty else { return "no jobs" }
      return page.data.map { job in
        let progress = job.progress.map { "  \($0.stage) \(percent($0.fraction))" } ?? ""
        let failure = job.error.map { "  \($0.message)" } ?? ""
        let model = job.resultModel.map { "  \($0)" } ?? ""
        return "\(job.id)  \(ListedDate.text(job.createdAt))  \(job.status)"
          + "\(job.isFinished ? "" : progress)\(model)\(failure)"
      }.joined(separator: "\n")
    }
  }
}

/// `crisp models`: what a server has made.
struct Models: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List the newest models of a server.",
    discussion: "Example: crisp models --user ada")

  @OptionGroup var server: ServerOptions
  @Option(help: "Whose models (default: all that you may see).") var user: String?
  @Option(help: "Models to list, 1 to 100.") var limit = 20
  @OptionGroup var output: OutputOptions

  func validate() throws { try InputRange(1...100).check(limit, "--limit") }

  func run() async throws {
    let page = try await server.client().models(user: user, limit: limit)
    try output.print(page) {
      guard !page.data.isEmpty else { return "no models" }
      return page.data.map { model in
        "\(model.id)  \(ListedDate.text(model.createdAt))  \(model.bytes) bytes  "
          + model.labels.joined(separator: ", ")
      }.joined(separator: "\n")
    }
  }
}
