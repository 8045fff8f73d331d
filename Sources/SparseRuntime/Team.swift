import CKernels

/// Threads that go through a session's layers together, each with its own equal part, or leave them
/// to the caller where that has turned out to be quicker.
final class Team {
  let threads: Int
  private let team: OpaquePointer

  /// Throws `outOfThreads` when the system has none left.
  init(threads: Int) throws(RuntimeError) {
    guard let team = crisp_team_create(threads) else { throw .outOfThreads(threads) }
    self.team = team
    self.threads = threads
  }

  deinit { crisp_team_free(team) }

  /// Calls `work` with each part of as many parts as there are `threads`, at the same time, or with
  /// part 0 of 1, and returns when all have. Nothing is allocated.
  func run<Context>(
    _ context: inout Context, _ work: @convention(c) (UnsafeMutableRawPointer?, Int, Int) -> Void
  ) {
    withUnsafeMutablePointer(to: &context) { crisp_team_run(team, work, $0) }
  }

  /// Inside the work: waits until all parts have come here.
  func meet() { crisp_team_meet(team) }
}
