import Digests
import Foundation

/// Signs requests with AWS Signature Version 4
/// (https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html).
package struct RequestSigner {
  /// What of a request is signed.
  package struct Request {
    package var method: String
    /// The path as it is sent, encoded once.
    package var path: String
    package var query: [(name: String, value: String)]
    /// By lower-case names; `host` among them.
    package var headers: [String: String]
    /// The digest of the body in hexadecimal, or `UNSIGNED-PAYLOAD`.
    package var payload: String

    package init(
      method: String, path: String, query: [(name: String, value: String)] = [],
      headers: [String: String], payload: String
    ) {
      self.method = method
      self.path = path
      self.query = query
      self.headers = headers
      self.payload = payload
    }
  }

  private static let algorithm = "AWS4-HMAC-SHA256"

  private let credentials: S3Credentials
  private let region: String
  private let service: String

  package init(credentials: S3Credentials, region: String, service: String = "s3") {
    self.credentials = credentials
    self.region = region
    self.service = service
  }

  /// The field `Authorization` for a request whose headers have `x-amz-date` already.
  package func authorization(of request: Request, at date: Date) -> String {
    let time = Self.time(date)
    let signed = request.headers.keys.sorted().joined(separator: ";")
    return "\(Self.algorithm) Credential=\(credentials.accessKey)/\(scope(time)),"
      + "SignedHeaders=\(signed),Signature=\(signature(of: request, time))"
  }

  /// The query of an address that may be fetched without credentials for `seconds`
  /// (https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html).
  package func presigned(_ request: Request, seconds: Int, at date: Date) -> String {
    let time = Self.time(date)
    var request = request
    request.query += [
      ("X-Amz-Algorithm", Self.algorithm),
      ("X-Amz-Credential", "\(credentials.accessKey)/\(scope(time))"),
      ("X-Amz-Date", time), ("X-Amz-Expires", String(seconds)),
      ("X-Amz-SignedHeaders", request.headers.keys.sorted().joined(separator: ";")),
    ]
    if let token = credentials.sessionToken {
      request.query.append(("X-Amz-Security-Token", token))
    }
    request.payload = "UNSIGNED-PAYLOAD"
    let signature = signature(of: request, time)
    return "\(URIEncoding.query(request.query))&X-Amz-Signature=\(signature)"
  }

  /// A date as `20130524T000000Z`.
  package static func time(_ date: Date) -> String {
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = .gmt
    let parts = calendar.dateComponents([.year, .month, .day, .hour, .minute, .second], from: date)
    func digits(_ value: Int?, _ count: Int) -> String {
      let text = String(value ?? 0)
      return String(repeating: "0", count: max(0, count - text.count)) + text
    }
    return digits(parts.year, 4) + digits(parts.month, 2) + digits(parts.day, 2) + "T"
      + digits(parts.hour, 2) + digits(parts.minute, 2) + digits(parts.second, 2) + "Z"
  }

  private func scope(_ time: String) -> String {
    "\(time.prefix(8))/\(region)/\(service)/aws4_request"
  }

  private func signature(of request: Request, _ time: String) -> String {
    let names = request.headers.keys.sorted()
    let lines = names.map { name in
      // Spaces in a row count as one.
      let value = (request.headers[name] ?? "").split(separator: " ").joined(separator: " ")
      return "\(name):\(value)\n"
    }
    let canonical = [
      request.method, request.path, URIEncoding.query(request.query), lines.joined(),
      names.joined(separator: ";"), request.payload,
    ].joined(separator: "\n")
    let text = [
      Self.algorithm, time, scope(time), SHA256.digest(of: Array(canonical.utf8)).hex,
    ].joined(separator: "\n")
    var key = Array("AWS4\(credentials.secretKey)".utf8)
    for part in [String(time.prefix(8)), region, service, "aws4_request"] {
      key = SHA256.authenticationCode(of: Array(part.utf8), key: key).bytes
    }
    return SHA256.authenticationCode(of: Array(text.utf8), key: key).hex
  }
}
