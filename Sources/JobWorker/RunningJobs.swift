import Store

/// What a process's workers are doing, by job and attempt: one that lost its lease may still be at work
/// when another worker of the process takes the job again, and must not take that one's entry away.
package struct RunningJobs<Control> {
  private struct Key: Hashable {
    let job: JobID
    let attempt: Int
  }

  private var controls: [Key: Control] = [:]

  /// None yet.
  package init() {}

  /// Every attempt under way.
  package var all: [(job: JobID, attempt: Int, control: Control)] {
    controls.map { ($0.key.job, $0.key.attempt, $0.value) }
  }

  /// Those of one job.
  package func controls(of job: JobID) -> [Control] { all.filter { $0.job == job }.map(\.control) }

  /// That attempt begins.
  package mutating func add(_ job: JobID, attempt: Int, _ control: Control) {
    controls[Key(job: job, attempt: attempt)] = control
  }

  /// That attempt has ended.
  package mutating func remove(_ job: JobID, attempt: Int) {
    controls[Key(job: job, attempt: attempt)] = nil
  }
}
