import Digests
import Foundation
import ObjectStore
import Testing

/// Examples of Amazon's documentation ("Signature Calculations for the Authorization Header" and
/// "Authenticating Requests: Using Query Parameters"), and of its Signature Version 4 test suite.
@Suite struct RequestSignerTests {
  private static let empty = SHA256.digest(of: [UInt8]()).hex

  private func signer(service: String = "s3", secret: String) throws -> RequestSigner {
    RequestSigner(
      credentials: try S3Credentials(
        accessKey: service == "s3" ? "AKIAIOSFODNN7EXAMPLE" : "AKIDEXAMPLE", secretKey: secret),
      region: "us-east-1", service: service)
  }

  struct Vector: Sendable {
    let name: String
    var method = "GET"
    var path = "/"
    var query: [[String]] = []
    var headers: [String: String] = [:]
    var payload = RequestSignerTests.empty
    let signature: String
  }

  static let documented = [
    Vector(
      name: "get object", path: "/test.txt", headers: ["range": "bytes=0-9"],
      signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
    Vector(
      name: "put object", method: "PUT", path: "/test%24file.text",
      headers: [
        "date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY",
      ],
      payload: SHA256.digest(of: Array("Welcome to Amazon S3.".utf8)).hex,
      signature: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"),
    Vector(
      name: "lifecycle", query: [["lifecycle", ""]],
      signature: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
    Vector(
      name: "list", query: [["prefix", "J"], ["max-keys", "2"]],
      signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
  ]

  @Test(arguments: documented) func signsDocumentedRequests(_ vector: Vector) throws {
    var headers = vector.headers
    headers["host"] = "examplebucket.s3.amazonaws.com"
    headers["x-amz-content-sha256"] = vector.payload
    headers["x-amz-date"] = "20130524T000000Z"
    let authorization = try signer(secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
      .authorization(
        of: RequestSigner.Request(
          method: vector.method, path: vector.path, query: vector.query.map { ($0[0], $0[1]) },
          headers: headers, payload: vector.payload),
        at: try Date("2013-05-24T00:00:00Z", strategy: .iso8601))
    #expect(
      authorization
        == "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
        + "SignedHeaders=\(headers.keys.sorted().joined(separator: ";")),"
        + "Signature=\(vector.signature)")
  }

  static let suite = [
    Vector(
      name: "get-vanilla",
      signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    Vector(
      name: "get-vanilla-query-order-key-case",
      query: [["Param2", "value2"], ["Param1", "value1"]],
      signature: "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
    Vector(
      name: "get-unreserved",
      path: "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
      signature: "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"),
    Vector(
      name: "post-vanilla", method: "POST",
      signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
  ]

  @Test(arguments: suite) func signsTheTestSuite(_ vector: Vector) throws {
    let authorization = try signer(
      service: "service", secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
    ).authorization(
      of: RequestSigner.Request(
        method: vector.method, path: vector.path, query: vector.query.map { ($0[0], $0[1]) },
        headers: ["host": "example.amazonaws.com", "x-amz-date": "20150830T123600Z"],
        payload: vector.payload),
      at: try Date("2015-08-30T12:36:00Z", strategy: .iso8601))
    #expect(authorization.hasSuffix("Signature=\(vector.signature)"), "\(vector.name)")
  }

  @Test func presignsTheDocumentedAddress() throws {
    let query = try signer(secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY").presigned(
      RequestSigner.Request(
        method: "GET", path: "/test.txt", headers: ["host": "examplebucket.s3.amazonaws.com"],
        payload: Self.empty),
      seconds: 86_400, at: try Date("2013-05-24T00:00:00Z", strategy: .iso8601))
    #expect(
      query
        == "X-Amz-Algorithm=AWS4-HMAC-SHA256"
        + "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
        + "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
        + "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404")
  }

  @Test(arguments: [
    ("1970-01-01T00:00:00Z", "19700101T000000Z"), ("2024-02-29T23:59:59Z", "20240229T235959Z"),
    ("0999-12-31T01:02:03Z", "09991231T010203Z"),
  ])
  func writesTimes(_ text: String, _ time: String) throws {
    #expect(RequestSigner.time(try Date(text, strategy: .iso8601)) == time)
  }
}
