import ServiceAPI

/// A job's course in lines that stay, for logs: one for each state, stage and iteration.
struct JobLines {
  private var last: [String] = []

  /// The line for a state of the job; nil when it says nothing new.
  mutating func line(_ job: JobResource) -> String? {
    let progress = job.progress
    let state = [
      job.status, progress?.stage ?? "", progress.map { "\($0.iteration)" } ?? "",
      job.position.map { job.paused == true ? "\($0) paused" : "\($0)" } ?? "",
    ]
    // A queued job that says no place any more is where it was.
    guard state != last, last.isEmpty || state.dropLast() != last.dropLast() || job.position != nil
    else { return nil }
    last = state
    return Self.text(job)
  }

  /// What has become of it after it was cancelled.
  static func cancelled(_ job: JobResource) -> String {
    job.isFinished ? text(job) : "\(job.id) ends at its next batch"
  }

  /// What is known of it now.
  static func text(_ job: JobResource) -> String {
    let hasEnded = ["succeeded", "failed"].contains(job.status)
    var parts = ["\(job.id) \(hasEnded ? "has" : "is") \(job.status)"]
    if job.status == "queued", let position = job.position {
      parts.append(position == 0 ? "next in turn" : "\(position) before it")
      if job.paused == true { parts.append("paused: the server's operator lets no job begin") }
      if let labels = job.requires, !labels.isEmpty {
        parts.append("for a worker with \(labels.joined(separator: ", "))")
      }
    }
    if !job.isFinished, let seconds = job.estimate?.seconds, job.progress == nil {
      parts.append("about \(Int(min(1e9, max(1, seconds.rounded(.up))))) s of work")
    }
    if let progress = job.progress, !job.isFinished {
      parts.append(
        progress.iteration > 0
          ? "\(progress.stage) \(progress.iteration) of \(progress.of)" : progress.stage)
      if progress.sparsity > 0 { parts.append("sparsity \(percent(progress.sparsity))") }
      if let accuracy = progress.accuracy { parts.append("validation \(percent(accuracy))") }
    }
    return parts.joined(separator: ", ")
  }
}
