import ArgumentParser
import Flags

/// `crisp cancel`: an end to a job.
struct Cancel: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Cancel a job of a server; one that others wait for, too, goes on for them.",
    discussion: "Example: crisp cancel job_0123456789abcdef01234567")

  @OptionGroup var server: ServerOptions
  @Argument(help: "The job, job_….") var job: String
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let job = try await server.client().cancel(job)
    try output.print(job) { JobLines.cancelled(job) }
  }
}
