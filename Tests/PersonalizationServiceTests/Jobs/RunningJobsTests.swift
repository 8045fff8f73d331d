import JobWorker
import Store
import Testing

@Suite struct RunningJobsTests {
  private static let job = JobID(rawValue: "job_0123456789abcdef01234567")

  /// One attempt lost its lease, another worker of the process has the job, and only then the first
  /// looks up from its work.
  @Test func anAttemptThatEndsLeavesTheNextAlone() throws {
    let job = try #require(Self.job)
    var running = RunningJobs<String>()
    running.add(job, attempt: 1, "first")
    running.add(job, attempt: 2, "second")
    #expect(running.controls(of: job).sorted() == ["first", "second"])
    running.remove(job, attempt: 1)
    #expect(running.controls(of: job) == ["second"])
    #expect(running.all.map(\.attempt) == [2])
  }
}
