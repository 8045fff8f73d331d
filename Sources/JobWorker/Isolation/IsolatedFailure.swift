import Datasets
import ServiceAPI

/// Why a job failed in a process of its own: its error in words, which is all that comes over.
struct IsolatedFailure: Error, CustomStringConvertible {
  let failure: JobResource.Failure
  /// Whether the data set's files were at fault.
  let isOfDataset: Bool
  /// Whether they are not what was registered.
  let isDamage: Bool
  /// For the log of whoever runs the server.
  let description: String

  init(_ message: RunMessage.Failure) {
    failure = JobResource.Failure(
      code: message.code, message: message.message, param: message.param)
    isOfDataset = message.kind == .dataset
    isDamage = message.isDamage
    description = message.detail
  }

  /// Whether an error says that a data set's files are not what was registered, wherever the job ran.
  static func saysDamage(_ error: any Error) -> Bool {
    switch error {
    case let error as DatasetError: error.isOfFiles
    case JobError.datasetChanged: true
    case let error as IsolatedFailure: error.isDamage
    default: false
    }
  }

  /// Whether an error says that a data set cannot be read, wherever the job ran.
  static func isOfDataset(_ error: any Error) -> Bool {
    error is DatasetError || (error as? IsolatedFailure)?.isOfDataset == true
  }
}
