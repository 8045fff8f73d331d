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

  /// The last line of what a server says that must not start.
  private func start(_ options: [String], _ environment: [String: String] = [:]) throws -> String {
    let run = try CommandLineProgram.run("crisp-server", options, environment: environment)
    #expect(run.status != 0)
    #expect(run.output.isEmpty, "\(run.output)")
    return run.errors
  }

  @Test func aServerDoesNotStartHalf() throws {
    let folder = try TemporaryFolder()
    let file = ["--db", folder.file("crisp.sqlite"), "--port", "0"]
    #expect(
      try start(file + ["--objects", "s3://bucket"], account)
        .contains("--objects is for a PostgreSQL database"))
    #expect(!FileManager.default.fileExists(atPath: folder.file("crisp.sqlite")))
    #expect(try start(file + ["--objects", "bucket"], account).contains("s3://BUCKET/PREFIX"))
    #expect(
      try start(file + ["--objects", "s3://bucket", "--cache-bytes", "1"], account)
        .contains("--cache-bytes must be"))
    #expect(try start(file + ["--redirect-downloads"]).contains("needs --objects"))
    let none = ["AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""]
    for command in [
      ["worker"], ["serve"], ["dataset", "add", "name", folder.path],
      ["base-model", "add", "name", "file", "--dataset", "name"],
    ] {
      let database = ["--db", "postgresql://crisp@127.0.0.1:1/crisp", "--objects", "s3://bucket"]
      #expect(try start(command + database, none).contains("AWS_ACCESS_KEY_ID is not set"))
    }
    #expect(try start(["objects", "check"], account).contains("--objects is missing"))
    #expect(
      try start(["migrate-store", "--from", "a", "--to", "b"]).contains(
        "--to has to be a PostgreSQL"))
  }

  /// What `config` shows of a place, a password and keys.
  @Test func settingsShowNoSecrets() throws {
    let run = try CommandLineProgram.run(
      "crisp-server", ["config", "--db", "postgresql://crisp:hushhush@db/crisp"],
      environment: account.merging(
        ["CRISP_OBJECTS": "s3://bucket/crisp", "CRISP_CACHE": "/var/cache/x"]) { $1 })
    #expect(run.status == 0)
    #expect(run.output.contains("s3://bucket/crisp  (CRISP_OBJECTS)"))
    #expect(run.output.contains("/var/cache/x  (CRISP_CACHE)"))
    #expect(!run.output.contains("hushhush") && !run.output.contains("AKID"))
  }

  #if Fleet
    /// Each mistake is its own sentence, and names the address.
    @Test func everyMistakeAtStartIsItsOwn() throws {
      let answers = [
        ("<Error><Code>NoSuchBucket</Code></Error>", 404, "has no such bucket"),
        ("<Error><Code>InvalidAccessKeyId</Code></Error>", 403, "refuses the credentials"),
        ("<Error><Code>AccessDenied</Code></Error>", 403, "may not list objects"),
        ("<html>", 200, "answers in an unknown way"),
      ]
      let database = ["--db", "postgresql://crisp@127.0.0.1:1/crisp", "--port", "0"]
      for (text, status, sentence) in answers {
        let server = try ScriptedServer { peer in
          while try peer.request() != nil { try peer.answer(status, [:], text) }
        }
        for command in ["serve", "worker"] {
          let said = try start(
            [command] + database + ["--objects", "s3://bucket", "--s3-endpoint", server.url],
            account)
          #expect(said.contains(sentence) && said.contains(server.url), "\(said)")
          #expect(!said.contains("hushhush"))
        }
      }
      let said = try start(
        database + ["--objects", "s3://bucket", "--s3-endpoint", "http://127.0.0.1:1"], account)
      #expect(said.contains("http://127.0.0.1:1 cannot be used"), "\(said)")
    }

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
