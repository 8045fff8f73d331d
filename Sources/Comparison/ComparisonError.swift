import Datasets
import ModelFormats
import NeuralGraph
import Pruning
import SparseRuntime
import Training

/// Why a comparison cannot start or go on. A single run's failure is none: it is recorded.
public enum ComparisonError: Error, Sendable, Hashable, CustomStringConvertible {
  /// A suite's field is missing, unknown or out of range; the field is a path like
  /// `groups[0].seeds`.
  case invalidSuite(field: String, reason: String)
  /// The same name means different recipes in two places of a suite.
  case ambiguousVariant(name: String)
  /// Another process writes to the results.
  case resultsInUse(file: String)
  /// A line of the results, not the last, is no run's record.
  case damagedResults(file: String, line: Int)
  /// A file of the results cannot be read or written.
  case fileFailed(file: String, reason: String)

  /// A stable identifier of the failure.
  public var code: String {
    switch self {
    case .invalidSuite: "invalid_suite"
    case .ambiguousVariant: "ambiguous_variant"
    case .resultsInUse: "results_in_use"
    case .damagedResults: "damaged_results"
    case .fileFailed: "file_failed"
    }
  }

  /// One sentence for a person.
  public var description: String {
    switch self {
    case .invalidSuite(let field, let reason): "the suite's '\(field)' \(reason)"
    case .ambiguousVariant(let name):
      "the variant '\(name)' means different recipes in different groups; give one of them another name"
    case .resultsInUse(let file): "another comparison is writing to '\(file)'"
    case .damagedResults(let file, let line):
      "line \(line) of '\(file)' is not the record of a run; remove the line to have its run repeated"
    case .fileFailed(let file, let reason): "'\(file)': \(reason)"
    }
  }

  /// Code and text of the error that ended a run.
  static func failure(for error: any Error) -> (code: String, message: String) {
    switch error {
    case let error as PruningError: (error.code, error.description)
    case let error as TrainingError: (error.code, error.description)
    case let error as DatasetError: (error.code, error.description)
    case let error as FormatError: (error.code, error.description)
    case let error as GraphError: (error.code, error.description)
    case let error as RuntimeError: (error.code, error.description)
    case let error as ComparisonError: (error.code, error.description)
    default: ("internal_error", "\(error)")
    }
  }
}
