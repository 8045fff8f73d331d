import Foundation
import TestSupport
import Testing

/// `crisp-server objects check`: every mistake is one sentence that says what to do.
@Suite struct ObjectStoreOptionTests {
  private func refusal(_ options: [String], _ environment: [String: String] = [:]) throws -> String
  {
    let run = try CommandLineProgram.run(
      "crisp-server", ["objects", "check"] + options, environment: environment)
    #expect(run.status != 0)
    #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
    return run.errors
  }

  private let account = ["AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "hushhush"]

  @Test func refusesAddressesAndCredentials() throws {
    #expect(try refusal(["--objects", "bucket"], account).contains("s3://BUCKET/PREFIX"))
    #expect(
      try refusal(["--objects", "s3://bucket", "--s3-endpoint", "store:9000"], account)
        .contains("the endpoint has to be like https://host:port"))
    let none = ["AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""]
    #expect(
      try refusal(["--objects", "s3://bucket"], none).contains("AWS_ACCESS_KEY_ID is not set"))
    #expect(
      try refusal(["--objects", "s3://bucket", "--s3-credentials", "/nowhere/file"])
        .contains("/nowhere/file"))
    #if Fleet
      #expect(
        try refusal(["--objects", "s3://bucket", "--s3-cacert", "/nowhere/ca.pem"], account)
          .contains("/nowhere/ca.pem"))
    #else
      #expect(try refusal(["--objects", "s3://bucket"], account).contains("trait Fleet"))
    #endif
  }

  #if Fleet
    @Test func namesWhoDoesNotKnowIt() throws {
      let server = try ScriptedServer { peer in
        while try peer.request() != nil {
          try peer.answer(
            403, [:], "<Error><Code>InvalidAccessKeyId</Code><Message>no</Message></Error>")
        }
      }
      let text = try refusal(["--objects", "s3://bucket", "--s3-endpoint", server.url], account)
      #expect(text.contains("s3://bucket/ at \(server.url) refuses the credentials"))
      #expect(!text.contains("AKID"))
      #expect(!text.contains("hushhush"))
    }
  #endif
}
