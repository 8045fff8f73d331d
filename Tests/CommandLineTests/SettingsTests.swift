import Foundation
import TestSupport
import Testing

/// What a file and the environment set: one precedence for all flags, and errors that say where.
@Suite struct SettingsTests {
  private struct Report: Decodable, Equatable {
    let name: String
    let values: [String]
    let source: String
  }

  private let folder: TemporaryFolder
  private var file: String { folder.file("server.conf") }

  init() throws { folder = try TemporaryFolder() }

  private func run(
    _ arguments: [String], file text: String = "", environment: [String: String] = [:]
  ) throws -> CommandLineProgram.Outcome {
    try folder.write(Array(text.utf8), to: "server.conf")
    return try CommandLineProgram.run(
      "crisp-server", arguments, environment: environment.merging(["CRISP_CONFIG": file]) { $1 })
  }

  private func settings(
    _ arguments: [String] = [], file text: String = "", environment: [String: String] = [:]
  ) throws -> [String: Report] {
    let outcome = try run(
      ["config", "--json"] + arguments, file: text, environment: environment)
    try #require(outcome.status == 0, "\(outcome.errors)")
    let reports = try outcome.json([Report].self)
    return Dictionary(uniqueKeysWithValues: reports.map { ($0.name, $0) })
  }

  @Test func flagVariableFileDefault() throws {
    let text = """
      # where the models are
      db = /srv/models = 1/crisp.sqlite
      port=1
        workers  =  2
      lease = 3
      \r
      require-tokens = true
      """
    let found = try settings(
      ["--port", "7", "--lease=9"], file: text,
      environment: ["CRISP_PORT": "5", "CRISP_WORKERS": "6", "CRISP_QUEUE_LIMIT": ""])
    #expect(
      found["db"]
        == Report(name: "db", values: ["/srv/models = 1/crisp.sqlite"], source: "\(file), line 2"))
    #expect(found["port"] == Report(name: "port", values: ["7"], source: "flag"))
    #expect(found["lease"] == Report(name: "lease", values: ["9"], source: "flag"))
    #expect(found["workers"] == Report(name: "workers", values: ["6"], source: "CRISP_WORKERS"))
    #expect(
      found["require-tokens"]
        == Report(name: "require-tokens", values: ["true"], source: "\(file), line 7"))
    // An empty variable is none.
    #expect(
      found["queue-limit"] == Report(name: "queue-limit", values: ["1000"], source: "default"))
    #expect(found["insecure"] == Report(name: "insecure", values: ["false"], source: "default"))
  }

  /// A flag that comes later is found as well as those that no other test names.
  @Test func everyFlagOfServeMayBeSet() throws {
    let help = try CommandLineProgram.run("crisp-server", ["serve", "--help"]).output
    let flags = Set(
      help.matches(of: /(?m)^  --([a-z0-9-]+)/).map { String($0.output.1) }
    ).subtracting(["config", "help", "version"])
    #expect(flags.count > 40)
    #expect(Set(try settings(["--db", "x"]).keys) == flags)
  }

  @Test func whatMayBeRepeated() throws {
    let found = try settings(
      ["--db", "x"],
      file: "allowed-host = a.example\nallow-origin = https://a.example\nallowed-host = b.example",
      environment: ["CRISP_ALLOW_ORIGIN": "https://b.example, https://c.example"])
    #expect(found["allowed-host"]?.values == ["a.example", "b.example"])
    #expect(found["allow-origin"]?.values == ["https://b.example", "https://c.example"])
    #expect(found["allow-origin"]?.source == "CRISP_ALLOW_ORIGIN")
  }

  @Test func labelsAreAWorkersAndNoTokens() throws {
    let text = "label = gpu-lab\nlabel = lab-2"
    let fromFile = try settings(["--db", "x"], file: text)
    #expect(fromFile["label"]?.values == ["gpu-lab", "lab-2"])
    let variable = ["CRISP_LABEL": "a, b"]
    #expect(
      try settings(["--db", "x"], file: text, environment: variable)["label"]?.values == ["a", "b"])
    let flags = try settings(
      ["--db", "x", "--label", "c", "--label=d"], file: text, environment: variable)
    #expect(flags["label"]?.values == ["c", "d"])
    let bad = try run(["config", "--db", "x"], environment: ["CRISP_LABEL": "GPU lab"])
    #expect(bad.status != 0 && bad.errors.contains("--label must be 1 to 63 characters"))
    #expect(bad.errors.contains("--label is set by CRISP_LABEL."), "\(bad.errors)")
    // A token has a label of its own, which nobody set.
    let database = folder.file("crisp.sqlite")
    let made = try run(["token", "create", "--db", database], file: text, environment: variable)
    #expect(made.status == 0, "\(made.errors)")
    let list = try run(["token", "list", "--db", database, "--json"], file: text)
    #expect(list.status == 0 && !list.output.contains("lab-2") && !list.output.contains("\"b\""))
  }

  /// A variable may take back what the file has.
  @Test func switchesAreTrueOrFalse() throws {
    let found = try settings(
      ["--db", "x"], file: "insecure = true", environment: ["CRISP_INSECURE": "false"])
    #expect(found["insecure"]?.values == ["false"])
    let outcome = try run(["config", "--db", "x"], environment: ["CRISP_INSECURE": "yes"])
    #expect(outcome.status != 0)
    #expect(
      outcome.errors.contains("CRISP_INSECURE: 'insecure' must be true or false, not 'yes'."))
  }

  @Test(arguments: [
    (
      "db = x\nqueue-limt = 5",
      "line 2: there is no setting 'queue-limt'; did you mean 'queue-limit'"
    ),
    (
      "zzzzzzzz = 5",
      "line 1: there is no setting 'zzzzzzzz'; crisp-server serve --help lists them."
    ),
    ("config = other", "line 1: there is no setting 'config'"),
    ("help = true", "line 1: there is no setting 'help'"),
    ("port 8080", "line 1: 'port 8080' is no setting; write NAME = VALUE"),
    ("= 8080", "line 1: '= 8080' is no setting"),
    ("port =", "line 1: 'port' has no value"),
    ("port = 1\n\nport = 2", "line 3: 'port' is set in line 1 already"),
  ])
  func whatIsWrongWithALine(text: String, says: String) throws {
    let outcome = try run(["config", "--db", "x"], file: text)
    #expect(outcome.status != 0)
    #expect(outcome.errors.contains("\(file), \(says)"), "\(outcome.errors)")
  }

  @Test(
    arguments: [
      ("port = 70000", [:], "--port must be 0 to 65,535", "line 1."),
      ("port = x", [:], "The value 'x' is invalid for '--port <port>'", "line 1."),
      (
        "", ["CRISP_LEASE": "0"], "--lease must be 1 to 3600 seconds",
        "--lease is set by CRISP_LEASE."
      ),
      // What Kubernetes sets for a service that is called 'crisp'.
      (
        "", ["CRISP_PORT": "tcp://10.0.0.1:80"], "'tcp://10.0.0.1:80' is invalid",
        "--port is set by CRISP_PORT."
      ),
    ] as [(String, [String: String], String, String)])
  func aBadValueIsFollowedToItsPlace(
    text: String, environment: [String: String], says: String, place: String
  ) throws {
    let outcome = try run(["serve", "--db", "x"], file: text, environment: environment)
    #expect(outcome.status != 0)
    #expect(outcome.errors.contains(says), "\(outcome.errors)")
    #expect(outcome.errors.hasSuffix("\(place)\n"), "\(outcome.errors)")
  }

  @Test func aBadFlagIsItsOwn() throws {
    let outcome = try run(["serve", "--db", "x", "--port", "70000"], file: "port = 80000")
    #expect(outcome.errors.contains("--port must be 0 to 65,535"))
    #expect(!outcome.errors.contains("is set by"))
  }

  @Test func filesThatAreNone() throws {
    func errors(_ path: String) throws -> String {
      let outcome = try CommandLineProgram.run(
        "crisp-server", ["config", "--db", "x", "--config", path])
      #expect(outcome.status != 0)
      return outcome.errors
    }
    #expect(try errors(folder.file("none")).contains("none: No such file or directory."))
    #expect(try errors(folder.path).contains("Is a directory"))
    try folder.write([0x70, 0xFF, 0x0A], to: "bytes")
    #expect(try errors(folder.file("bytes")).contains("is not text in UTF-8"))
    try folder.write([UInt8](repeating: UInt8(ascii: "#"), count: 1 << 20 + 1), to: "large")
    #expect(try errors(folder.file("large")).contains("more than 1048576 bytes"))
  }

  /// Help and version are there for whoever has a broken file.
  @Test(arguments: [["--help"], ["serve", "--help"], ["--version"], ["help", "token"]])
  func askingNeedsNoFile(arguments: [String]) throws {
    let outcome = try run(arguments, file: "nonsense")
    #expect(outcome.status == 0, "\(outcome.errors)")
  }

  /// Other commands take the flags they share with the server, and no others of its flags.
  @Test func commandsTakeWhatTheyHave() throws {
    let database = folder.file("crisp.sqlite")
    let outcome = try run(
      ["token", "create"], file: "db = \(database)\nport = 1\nno-backup = true")
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(FileManager.default.fileExists(atPath: database))
    let list = try run(
      ["token", "list"], environment: ["CRISP_DB": database, "CRISP_USER": "ada"])
    #expect(list.status == 0 && list.output.contains("an operator"), "\(list.errors)")
  }

  @Test(arguments: [
    (
      "postgresql://crisp:geheim@db1:5432,db2:5432/crisp",
      "postgresql://crisp:***@db1:5432,db2:5432/crisp"
    ),
    (
      "postgresql://db/crisp?user=a&password=geheim&x=1",
      "postgresql://db/crisp?user=a&password=***&x=1"
    ),
    ("postgresql://db/crisp?sslpassword=geheim&x=1", "postgresql://db/crisp?sslpassword=***&x=1"),
    (#"host=db password='ge\'heim' user=a"#, "host=db password=*** user=a"),
    (#"host=db password=ge\ heim user=a"#, "host=db password=*** user=a"),
    ("host=db password=geheim user=a", "host=db password=*** user=a"),
    ("host=db password = 'ge heim' user=a", "host=db password = *** user=a"),
    ("postgresql://crisp@db/crisp", "postgresql://crisp@db/crisp"),
  ])
  func passwordsAreNotShown(address: String, shown: String) throws {
    let found = try settings(environment: ["CRISP_DB": address])
    #expect(found["db"]?.values == [shown])
  }

  @Test func variablesThatNothingReads() throws {
    let outcome = try run(
      ["config", "--db", "x"], environment: ["CRISP_WORKRES": "2", "CRISP_TOKEN": "x"])
    #expect(outcome.output.contains("nothing reads CRISP_WORKRES; did you mean CRISP_WORKERS"))
    #expect(!outcome.output.contains("CRISP_TOKEN"))
    #expect(outcome.output.contains("workers                      1  (default)"))
  }
}
