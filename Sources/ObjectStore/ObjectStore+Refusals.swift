import Foundation
import Transfers

extension ObjectStore {
  /// Whether the same request may succeed a little later
  /// (https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html).
  static func isPassing(_ head: TransferHead, _ document: Data) -> Bool {
    if [429, 500, 502, 503, 504].contains(head.status) { return true }
    guard [400, 409].contains(head.status), let failure = S3Failure(document) else { return false }
    return ["RequestTimeout", "ConditionalRequestConflict", "OperationAborted"]
      .contains(failure.code)
  }

  /// The error that an answer is.
  func refusal(
    _ head: TransferHead, _ document: Data, of call: Call
  ) -> ObjectStoreError {
    let store = "\(address)"
    let failure = S3Failure(document)
    let key = call.key ?? ""
    switch failure?.code {
    case "NoSuchBucket", "InvalidBucketName": return .bucketMissing(store: store)
    case "NoSuchKey": return .objectMissing(store: store, key: key)
    case "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken",
      "TokenRefreshRequired", "InvalidSecurity", "MissingSecurityHeader":
      return .credentialsRefused(store: store, reason: failure?.code ?? "")
    case "RequestTimeTooSkewed", "RequestExpired": return .clockDiffers(store: store)
    case "PermanentRedirect", "AuthorizationHeaderMalformed", "IncorrectEndpoint",
      "IllegalLocationConstraintException":
      return .wrongRegion(
        store: store, given: address.region, reason: failure?.message ?? "")
    case "InvalidRange": return .rangeOutOfBounds(store: store, key: key)
    case "QuotaExceeded", "XMinioStorageFull", "InsufficientStorage": return .full(store: store)
    default: break
    }
    switch head.status {
    case 301, 307: return .wrongRegion(store: store, given: address.region, reason: "it redirects")
    case 401, 403: return .accessDenied(store: store, action: call.action)
    case 404 where call.key != nil: return .objectMissing(store: store, key: key)
    case 416: return .rangeOutOfBounds(store: store, key: key)
    case 507: return .full(store: store)
    case 429, 500, 502, 503, 504: return .busy(store: store, status: head.status)
    default:
      let said = failure.map { ", \($0.code): \($0.message)" } ?? ""
      return .unexpectedAnswer(store: store, reason: "status \(head.status)\(said)")
    }
  }

  /// The error for a document that is not what was asked for.
  func unexpected(_ reason: String) -> ObjectStoreError {
    .unexpectedAnswer(store: "\(address)", reason: reason)
  }
}
