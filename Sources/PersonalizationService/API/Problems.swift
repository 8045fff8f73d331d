import Datasets
import HTTPServer
import HTTPTypes
import ModelFormats
import NeuralGraph
import Pruning
import ServiceAPI
import SparseRuntime
import Store
import Training

/// Where the rooms' errors become answers. Nothing else decides a status.
enum Problems {
  /// The answer to an error that a handler met; nil leaves it to the server (500 with an id).
  static func problem(for error: any Error) -> ProblemDetails? {
    switch error {
    case let error as ProblemDetails: error
    case let error as StoreError: problem(for: error)
    case let error as PruningError: problem(for: error)
    case let error as DatasetError: problem(for: error)
    case let error as ServiceError: problem(for: error)
    default: nil
    }
  }

  private static func problem(for error: StoreError) -> ProblemDetails? {
    func details(_ status: HTTPResponse.Status, param: String? = nil, retryAfter: Int? = nil)
      -> ProblemDetails
    {
      ProblemDetails(
        status, code: error.code, detail: error.description, param: param, retryAfter: retryAfter)
    }
    switch error {
    case .invalidValue(let field, _): return details(.unprocessableContent, param: field)
    case .notFound(let entity, _):
      var problem = details(.notFound)
      if entity == .model { problem.headers = API.hubError("RepoNotFound") }
      return problem
    case .nameTaken, .idempotencyKeyReused, .jobFinished: return details(.conflict)
    case .queueFull: return details(.tooManyRequests, retryAfter: 30)
    case .locked: return details(.serviceUnavailable, retryAfter: 1)
    case .diskFull: return details(.insufficientStorage)
    default: return nil
    }
  }

  private static func problem(for error: PruningError) -> ProblemDetails? {
    switch error {
    case .unknownClasses(let unknown):
      return ProblemDetails(
        .unprocessableContent, code: error.code, detail: error.description, param: "classes",
        extensions: [
          "unknown_classes": .strings(unknown.map(\.name)),
          "suggestions": .lists(
            Dictionary(
              unknown.map { ($0.name, $0.suggestions) }, uniquingKeysWith: { first, _ in first })),
        ])
    case .invalidProfile, .invalidRecipe, .sparsityOutOfReach, .targetOutOfReach:
      return ProblemDetails(
        .unprocessableContent, code: error.code, detail: error.description, param: param(error))
    default:
      return nil
    }
  }

  /// The request's field that is at fault.
  private static func param(_ error: PruningError) -> String? {
    switch error {
    case .unknownClasses, .invalidProfile: return "classes"
    case .sparsityOutOfReach: return "target.sparsity"
    case .targetOutOfReach(let target, _, _): return "target.\(target)"
    case .accuracyOutOfReach: return "min_accuracy"
    case .invalidRecipe(let field, _):
      let hasOwnSpelling =
        field.hasPrefix("recipe") || field.hasPrefix("target.")
        || ["min_accuracy", "device"].contains(field)
      return hasOwnSpelling ? field : "recipe.\(field)"
    default: return nil
    }
  }

  /// Handlers decode pictures that requests bring; all else that is wrong with data is the server's.
  private static func problem(for error: DatasetError) -> ProblemDetails? {
    switch error {
    case .undecodableImage, .tooManyPixels:
      ProblemDetails(.unprocessableContent, code: error.code, detail: error.description)
    default: nil
    }
  }

  private static func problem(for error: ServiceError) -> ProblemDetails? {
    switch error {
    case .predictionsBusy, .conversionsBusy:
      ProblemDetails(
        .serviceUnavailable, code: error.code, detail: error.description, retryAfter: 1)
    case .modelExceedsMemory:
      ProblemDetails(.insufficientStorage, code: error.code, detail: error.description)
    default: nil
    }
  }

  /// What a job says of the error that ended it.
  static func failure(for error: any Error) -> JobResource.Failure {
    func failure(_ code: String, _ message: String, param: String? = nil) -> JobResource.Failure {
      JobResource.Failure(code: code, message: message, param: param)
    }
    return switch error {
    case let error as PruningError: failure(error.code, error.description, param: param(error))
    case let error as TrainingError: failure(error.code, error.description)
    case let error as DatasetError: failure(error.code, error.description)
    case let error as FormatError: failure(error.code, error.description)
    case let error as GraphError: failure(error.code, error.description)
    case let error as RuntimeError: failure(error.code, error.description)
    case let error as StoreError: failure(error.code, error.description)
    case let error as ServiceError: failure(error.code, error.description)
    default:
      failure("internal_error", "the job failed unexpectedly; the server's log says more")
    }
  }
}

extension HTTPResponse.Status {
  /// 507 (RFC 4918, 11.5): the request needs more room than the server has.
  fileprivate static let insufficientStorage = HTTPResponse.Status(
    code: 507, reasonPhrase: "Insufficient Storage")
}
