import JobContract
import Pruning

/// Why a job cannot go on, beside what the method and the data have to say.
public enum JobError: Error, Sendable, Hashable, CustomStringConvertible {
  /// A registered data set's files are not what they were.
  case datasetChanged(name: String, path: String)
  /// A job took several times what it was expected to: seconds or bytes, as the resource says.
  case exceededEstimate(RunEstimate.Resource, taken: Double, estimated: Double)
  /// A job's process took more than a process may: seconds or bytes, as the resource says.
  case exceededLimit(RunEstimate.Resource, taken: Double, allowed: Double)
  /// A job's process ended before its work was done: how.
  case processEnded(how: String)
  /// There can be no process for the job now.
  case processUnavailable(reason: String)

  /// A stable identifier of the failure.
  public var code: String {
    switch self {
    case .datasetChanged: "dataset_changed"
    case .exceededEstimate: "job_exceeded_estimate"
    case .exceededLimit: "job_exceeded_limit"
    case .processEnded: "job_process_ended"
    case .processUnavailable: "job_process_unavailable"
    }
  }

  /// Whether the job's process ended by itself, which another attempt may be spared.
  var isDeath: Bool { if case .processEnded = self { true } else { false } }

  /// One sentence for a person.
  public var description: String {
    switch self {
    case .datasetChanged(let name, let path):
      "the files of the data set '\(name)'\(path.isEmpty ? "" : " in '\(path)'") have changed since "
        + "it was registered; register them under a new name"
    case .exceededEstimate(let resource, let taken, let estimated):
      "the job was ended: it took \(JobEstimator.text(taken, resource)) and was estimated at "
        + "\(JobEstimator.text(estimated, resource))"
    case .exceededLimit(let resource, let taken, let allowed):
      "the job was ended: its process took \(JobEstimator.text(taken, resource)), of "
        + "\(JobEstimator.text(allowed, resource)) that one may take; ask for smaller batches or "
        + "fewer iterations, or have the operator allow more"
    case .processEnded(let how):
      "the job's process ended before its work was done: \(how)"
    case .processUnavailable(let reason): "there can be no process for the job: \(reason)"
    }
  }
}
