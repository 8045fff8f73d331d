import Datasets
import JobContract
import ModelFormats
import NeuralGraph
import Pruning
import ServiceAPI
import SparseRuntime
import Store
import Training

/// What a job says of the error that ended it.
enum JobFailure {
  static func failure(for error: any Error) -> JobResource.Failure {
    func failure(_ code: String, _ message: String, param: String? = nil) -> JobResource.Failure {
      JobResource.Failure(code: code, message: message, param: param)
    }
    return switch error {
    case let error as IsolatedFailure: error.failure
    case let error as PruningError:
      failure(error.code, error.description, param: error.requestField)
    case let error as TrainingError: failure(error.code, error.description)
    case let error as DatasetError: failure(error.code, error.withoutFolders.description)
    case let error as FormatError: failure(error.code, error.description)
    case let error as GraphError: failure(error.code, error.description)
    case let error as RuntimeError: failure(error.code, error.description)
    case let error as StoreError: failure(error.code, error.description)
    case JobError.datasetChanged(let name, _):
      // Where it lies is the operator's business; the log says it.
      failure("dataset_changed", JobError.datasetChanged(name: name, path: "").description)
    case let error as JobError: failure(error.code, error.description)
    default:
      failure("internal_error", "the job failed unexpectedly; the server's log says more")
    }
  }
}
