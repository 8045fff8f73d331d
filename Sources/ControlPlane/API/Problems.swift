import Datasets
import HTTPServer
import HTTPTypes
import Inputs
import JobContract
import Pruning
import SparseRuntime
import Store

/// Where the rooms' errors become answers. Nothing else decides a status.
package enum Problems {
  /// The answer to an error that a handler met; nil leaves it to the server (500 with an id).
  package static func problem(for error: any Error) -> ProblemDetails? {
    switch error {
    case let error as ProblemDetails: error
    case let error as StoreError: problem(for: error)
    case let error as PruningError: problem(for: error)
    case let error as DatasetError: problem(for: error)
    case let error as ControlPlaneError: problem(for: error)
    case is ServerDevice.Unmeasured: ServerDevice.busy
    case let error as RuntimeError: problem(for: error)
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
    case .quotaExceeded: return details(.tooManyRequests, retryAfter: 3600)
    case .locked, .replaced: return details(.serviceUnavailable, retryAfter: 1)
    // The last two pass as well, with a fail-over or an operator's hand.
    case .busy, .unreachable, .readOnly, .accessDenied:
      // The log has the address.
      return ProblemDetails(
        .serviceUnavailable, code: error.code,
        detail: "the server's database does not answer in time: try again later", retryAfter: 5)
    case .bytesUnavailable: return objectStoreUnavailable
    case .diskFull: return details(.insufficientStorage)
    case .fileReplaced:
      // The log has the file's name.
      return ProblemDetails(
        .serviceUnavailable, code: error.code,
        detail: "the server's database was moved or replaced: nothing is written until it is back",
        retryAfter: 5)
    default: return nil
    }
  }

  /// The answer while the object store does not answer. The log has the address.
  package static var objectStoreUnavailable: ProblemDetails {
    ProblemDetails(
      .serviceUnavailable, code: "object_store_unavailable",
      detail: "the server's object store (--objects) cannot be used now: try again later",
      retryAfter: 5)
  }

  /// What a server that is ready says beside it.
  package static func note(of condition: BytesCondition) -> String {
    condition == .usableWithoutConditions
      ? "; the object store (--objects) knows no conditional writes: bytes may be stored twice" : ""
  }

  private static func problem(for error: PruningError) -> ProblemDetails? {
    switch error {
    case .unknownClasses(let unknown):
      // The first few, like the sentence: they share what an error may repeat.
      let named = error.namedClasses
      return ProblemDetails(
        .unprocessableContent, code: error.code, detail: error.description, param: "classes",
        extensions: [
          "unknown_classes": .strings(named.map(\.name)),
          "unknown_count": .integer(Int64(unknown.count)),
          "suggestions": .lists(
            Dictionary(
              named.map { ($0.name, $0.suggestions) }, uniquingKeysWith: { first, _ in first })),
        ])
    case .invalidProfile, .invalidRecipe, .sparsityOutOfReach, .targetOutOfReach,
      .nothingToValidate:
      return ProblemDetails(
        .unprocessableContent, code: error.code, detail: error.description,
        param: error.requestField)
    default:
      return nil
    }
  }

  /// Handlers decode pictures that requests bring; all else that is wrong with data is the server's.
  private static func problem(for error: DatasetError) -> ProblemDetails? {
    switch error {
    case .undecodableImage, .tooManyPixels, .tooManyScans:
      ProblemDetails(.unprocessableContent, code: error.code, detail: error.description)
    default: nil
    }
  }

  /// The answer when others have taken all places.
  static func busy(_ error: ControlPlaneError) -> ProblemDetails {
    ProblemDetails(
      .serviceUnavailable, code: error.code, detail: error.description, retryAfter: 1)
  }

  /// Of what can go wrong in a session, only this is the request's.
  private static func problem(for error: RuntimeError) -> ProblemDetails? {
    guard case .scoresNotFinite = error else { return nil }
    return ProblemDetails(.unprocessableContent, code: error.code, detail: error.description)
  }

  // Optional like its siblings: otherwise the one for any error, above, would be the better match and
  // call itself without end.
  private static func problem(for error: ControlPlaneError) -> ProblemDetails? {
    switch error {
    case .predictionsBusy, .conversionsBusy: busy(error)
    case .modelExceedsMemory:
      ProblemDetails(.insufficientStorage, code: error.code, detail: error.description)
    }
  }
}

extension HTTPResponse.Status {
  /// 507 (RFC 4918, 11.5): the request needs more room than the server has.
  fileprivate static let insufficientStorage = HTTPResponse.Status(
    code: 507, reasonPhrase: "Insufficient Storage")
}
