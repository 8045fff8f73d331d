import Foundation
import HTTPTypes
import ObjectStore
import Transfers

/// The server that `Tests/Fleet/run.sh` starts.
enum ObjectServer {
  private static let environment = ProcessInfo.processInfo.environment

  static var isThere: Bool { environment["CRISP_TEST_S3"] != nil && TransferClient.isAvailable }
  /// The address of a PostgreSQL server on which databases may be made.
  static var postgres: String? { environment["CRISP_TEST_POSTGRES"] }
  static var accessKey: String { environment["AWS_ACCESS_KEY_ID"] ?? "" }
  static var secretKey: String { environment["AWS_SECRET_ACCESS_KEY"] ?? "" }

  /// A store below a prefix of its own.
  static func store(
    bucket: String = "crisp-test", prefix: String = "\(UUID())", from other: ObjectStore? = nil,
    credentials: S3Credentials? = nil, _ change: (inout ObjectStore.Options) -> Void = { _ in }
  ) throws -> ObjectStore {
    var options = ObjectStore.Options()
    change(&options)
    return try ObjectStore(
      other?.address
        ?? ObjectStoreAddress(
          "s3://\(bucket)/\(prefix)", endpoint: environment["CRISP_TEST_S3"]),
      credentials: credentials.map { CredentialSource($0) } ?? CredentialSource(file: nil),
      options: options)
  }

  /// Bytes that differ, the same each time.
  static func bytes(_ count: Int) -> Data {
    var state: UInt64 = 1
    return Data(
      (0..<count).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1
        return UInt8(truncatingIfNeeded: state >> 33)
      })
  }

  static func fetch(_ url: String) throws -> TransferResponse {
    try TransferClient().send(TransferRequest(.get, url))
  }
}
