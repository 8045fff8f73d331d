import JobContract
import Pruning

/// Why a job cannot go on, beside what the method and the data have to say.
public enum JobError: Error, Sendable, Hashable, CustomStringConvertible {
  /// A registered data set's files are not what they were.
  case datasetChanged(name: String, path: String)
  /// A job took several times what it was expected to: seconds or bytes, as the resource says.
  case exceededEstimate(RunEstimate.Resource, taken: Double, estimated: Double)

  /// A stable identifier of the failure.
  public var code: String {
    switch self {
    case .datasetChanged: "dataset_changed"
    case .exceededEstimate: "job_exceeded_estimate"
    }
  }

  /// One sentence for a person.
  public var description: String {
    switch self {
    case .datasetChanged(let name, let path):
      "the files of the data set '\(name)'\(path.isEmpty ? "" : " in '\(path)'") have changed since "
        + "it was registered; register them under a new name"
    case .exceededEstimate(let resource, let taken, let estimated):
      "the job was ended: it took \(JobEstimator.text(taken, resource)) and was estimated at "
        + "\(JobEstimator.text(estimated, resource))"
    }
  }
}
