import ArgumentParser
import Foundation
import PersonalizationService

/// `crisp-server run-job`: what a worker starts for each job; nobody else has a use for it.
struct RunJob: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run-job", abstract: "Run the job that a worker sends on standard input.",
    shouldDisplay: false)

  @Option(help: "The worker's process.")
  var parent: Int32

  func run() throws {
    // At once: nothing is left to be done for threads that wait.
    _exit(Service.runIsolatedJob(parent: parent))
  }
}
