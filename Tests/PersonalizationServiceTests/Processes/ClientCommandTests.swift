import Foundation
import ServiceAPI
import TestSupport
import Testing

/// `crisp` as the client of a running server.
@Suite struct ClientCommandTests {
  private struct Outcome {
    let status: Int32
    let output: String
    let errors: String

    func json() throws -> JSONValue {
      try JSONDecoder().decode(JSONValue.self, from: Data(output.utf8))
    }
  }

  /// Runs the client to its end; `interrupt` is asked what it has said so far, and sends SIGINT when it
  /// says so.
  private static func crisp(
    _ arguments: [String], environment: [String: String], interrupt: ((String) -> Bool)? = nil
  ) throws -> Outcome {
    let folder = try TemporaryFolder()
    let process = Process()
    process.executableURL = try ServerProcess.executable().deletingLastPathComponent()
      .appending(path: "crisp")
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    try folder.write([], to: "output")
    process.standardOutput = try FileHandle(
      forWritingTo: URL(fileURLWithPath: folder.file("output")))
    let pipe = Pipe()
    process.standardError = pipe
    process.standardInput = FileHandle.nullDevice
    try process.run()
    // A client that waits for ever fails its test instead of holding up all of them.
    let end = DispatchWorkItem { kill(process.processIdentifier, SIGKILL) }
    DispatchQueue.global().asyncAfter(deadline: .now() + 300, execute: end)
    defer { end.cancel() }
    // Until it closes its end, which is when it ends.
    var errors = ""
    var isInterrupted = false
    while true {
      let data = pipe.fileHandleForReading.availableData
      guard !data.isEmpty else { break }
      errors += String(decoding: data, as: UTF8.self)
      if let interrupt, !isInterrupted, interrupt(errors) {
        process.interrupt()
        isInterrupted = true
      }
    }
    process.waitUntilExit()
    return Outcome(
      status: process.terminationStatus,
      output: try String(contentsOfFile: folder.file("output"), encoding: .utf8), errors: errors)
  }

  private static let short =
    #"{"block": 8, "recipe": {"iterations": 2, "dense_epochs": 1, "final_epochs": 1, "#
    + #""samples_per_class": 32, "batch_size": 16, "saliency_batches": 2}}"#

  @Test func aModelIsDeleted() throws {
    let server = try TestService()
    let environment = [
      "CRISP_SERVER": "http://127.0.0.1:\(server.client.port)", "CRISP_TOKEN": "",
    ]
    let model = try #require(server.jobs.wait(server.jobs.submit().id).resultModel)
    _ = try server.jobs.submit(user: "bob")
    let left = try Self.crisp(["delete", model, "--user", "ada"], environment: environment)
    #expect(left.status == 0 && left.output == "deleted \(model)\n", "\(left.errors)")
    #expect(try server.client.get("/models/\(model)").status == 200)
    let gone = try Self.crisp(["delete", model, "--json"], environment: environment)
    #expect(try gone.json()["deleted"]?.text == model, "\(gone.errors)")
    #expect(try server.client.get("/models/\(model)").status == 404)
    let again = try Self.crisp(["delete", model], environment: environment)
    #expect(again.status != 0 && again.errors.contains("there is no model"), "\(again.errors)")
  }

  @Test func whoWaitsIsToldOfAPausedQueue() throws {
    let server = try TestService { $0.workers = 0 }
    _ = try server.client.send("POST", "/queue/pause")
    let waiting = try Self.crisp(
      [
        "personalize", "--user", "ada", "--classes", "top left,middle", "--options", Self.short,
        "--sparsity", "0.8", "--out", server.folder.file("x.onnx"),
      ], environment: ["CRISP_SERVER": "http://127.0.0.1:\(server.client.port)", "CRISP_TOKEN": ""]
    ) { $0.contains("paused: the server's operator lets no job begin") }
    #expect(waiting.status != 0)
    #expect(waiting.errors.contains("next in turn, paused: the server's operator"))
  }

  @Test func whoNeedsAWorkerWithALabelIsToldThatItIsWaitedFor() throws {
    let server = try TestService { $0.workers = 0 }
    let waiting = try Self.crisp(
      [
        "personalize", "--user", "ada", "--classes", "top left,middle", "--options", Self.short,
        "--sparsity", "0.8", "--requires", "lab-2", "--requires", "gpu-lab",
        "--out", server.folder.file("x.onnx"),
      ], environment: ["CRISP_SERVER": "http://127.0.0.1:\(server.client.port)", "CRISP_TOKEN": ""]
    ) { $0.contains("for a worker with gpu-lab, lab-2") }
    #expect(waiting.status != 0)
    #expect(waiting.errors.contains("next in turn, for a worker with gpu-lab, lab-2"))
  }

  @Test func modelsAreAskedForListedAndDownloaded() throws {
    let server = try TestService()
    let folder = try TemporaryFolder()
    let environment = [
      "CRISP_SERVER": "http://127.0.0.1:\(server.client.port)", "CRISP_TOKEN": "",
    ]
    let made = try Self.crisp(
      [
        "personalize", "--user", "ada", "--classes", "top left,middle", "--options", Self.short,
        "--sparsity", "0.8",
        "--out", folder.file("small.onnx"), "--json",
      ], environment: environment)
    #expect(made.status == 0, "\(made.errors)")
    let report = try made.json()
    let id = try #require(report["job"]?["result_model"]?.text)
    let onnx = try Data(contentsOf: URL(fileURLWithPath: folder.file("small.onnx")))
    #expect(try onnx == server.client.get("/models/\(id)?format=onnx").body)
    // Without a terminal its course comes in lines.
    let lines = made.errors.split(separator: "\n")
    let job = try #require(report["job"]?["id"]?.text)
    #expect(
      lines.first?.hasPrefix("\(job) is queued, next in turn, about ") == true, "\(made.errors)")
    #expect(
      lines.contains { $0.contains("is running, ") && $0.contains("sparsity") }, "\(made.errors)")
    #expect(lines.last?.contains("has succeeded") == true, "\(made.errors)")
    #expect(Set(lines).count == lines.count, "\(made.errors)")

    for (name, format) in [("a.bin", nil), ("b.onnx", nil), ("c.bin", "safetensors")] {
      let got = try Self.crisp(
        ["download", id, "--out", folder.file(name)] + (format.map { ["--format", $0] } ?? []),
        environment: environment)
      #expect(got.status == 0 && got.output.contains("verified"), "\(got.errors)")
      let query = format ?? (name == "b.onnx" ? "onnx" : "crisp")
      #expect(
        try Data(contentsOf: URL(fileURLWithPath: folder.file(name)))
          == server.client.get("/models/\(id)?format=\(query)").body, "\(name)")
    }
    let models = try Self.crisp(["models", "--user", "ada"], environment: environment)
    #expect(models.output.contains(id) && models.output.contains("top left, middle"))
    let jobs = try Self.crisp(
      ["jobs", "--status", "succeeded", "--json"], environment: environment)
    #expect(try jobs.json()["data"]?.elements.map { $0["id"]?.text } == [job])
    let cancelled = try Self.crisp(["cancel", job], environment: environment)
    #expect(
      cancelled.status != 0 && cancelled.errors.contains("job_finished"), "\(cancelled.errors)")
    let none = try Self.crisp(["jobs", "--user", "nobody"], environment: environment)
    #expect(none.output == "no jobs\n", "\(none.output) \(none.errors)")
  }

  @Test func budgetsGoWithTheirAccelerator() throws {
    let server = try TestService()
    let folder = try TemporaryFolder()
    let environment = ["CRISP_SERVER": "http://127.0.0.1:\(server.client.port)"]
    func personalize(_ accelerator: String) throws -> Outcome {
      try Self.crisp(
        [
          "personalize", "--user", "ada", "--classes", "top left,middle", "--options", Self.short,
          "--energy-uj", "1000", "--accelerator", accelerator, "--out", folder.file("small.st"),
          "--json",
        ], environment: environment)
    }
    let made = try personalize("dual-side")
    #expect(made.status == 0, "\(made.errors)")
    let report = try made.json()
    #expect(report["job"]?["recipe"]?["target"] == ["energy_uj": 1000])
    #expect(report["job"]?["recipe"]?["accelerator"] == "dual-side")
    #expect(report["card"]?["accelerator"]?["name"] == "dual-side")
    #expect(report["card"]?["accelerator"]?["energy_uj"]?.double ?? .infinity <= 1000)
    let unknown = try personalize("tpu")
    #expect(unknown.status != 0 && unknown.errors.contains("no accelerator 'tpu'; there are"))
  }

  @Test func anInterruptionLeavesTheJobAndSaysHowToEndIt() throws {
    let server = try TestService()
    let folder = try TemporaryFolder()
    let environment = ["CRISP_SERVER": "http://127.0.0.1:\(server.client.port)"]
    let options = #"{"block": 8, "recipe": {"dense_epochs": 1000, "samples_per_class": 10000}}"#
    let left = try Self.crisp(
      [
        "personalize", "--user", "ada", "--classes", "top left,middle", "--options", options,
        "--sparsity", "0.8", "--out", folder.file("small.st"),
      ], environment: environment, interrupt: { $0.contains("is running") })
    #expect(left.status == 130, "\(left.errors)")
    let job = try #require(left.errors.firstMatch(of: /job_[0-9a-f]{24}/)).output
    #expect(left.errors.hasSuffix("\(job) goes on at the server; crisp cancel \(job) ends it\n"))
    #expect(!FileManager.default.fileExists(atPath: folder.file("small.st")))
    #expect(try server.jobs.job(String(job)).status == "running")
    let cancelled = try Self.crisp(["cancel", String(job)], environment: environment)
    #expect(cancelled.status == 0, "\(cancelled.errors)")
    #expect(try server.jobs.wait(String(job)).status == "cancelled")
  }

  /// Two jobs are before it; one after the other is cancelled. Without a terminal each place is a line.
  @Test func itsPlaceInTheQueueIsTold() throws {
    let server = try TestService { $0.eventHeartbeat = .milliseconds(100) }
    let folder = try TemporaryFolder()
    let running = try server.jobs.submit(JobBody.endless)
    try server.jobs.waitUntilRunning(running.id)
    let next = try server.jobs.submit(JobBody.body(seed: 901))
    var (hasCancelledNext, hasCancelledRunning) = (false, false)
    let made = try Self.crisp(
      [
        "personalize", "--user", "ada", "--classes", "top left,middle", "--options", Self.short,
        "--sparsity", "0.8", "--out", folder.file("small.st"),
      ], environment: ["CRISP_SERVER": "http://127.0.0.1:\(server.client.port)"],
      interrupt: { errors in
        if !hasCancelledNext, errors.contains("is queued, 1 before it, about ") {
          hasCancelledNext = true
          _ = try? server.client.post("/jobs/\(next.id)/cancel", .object([:]))
        }
        if !hasCancelledRunning, errors.contains("is queued, next in turn, about ") {
          hasCancelledRunning = true
          _ = try? server.client.post("/jobs/\(running.id)/cancel", .object([:]))
        }
        return false
      })
    #expect(made.status == 0, "\(made.errors)")
    let lines = made.errors.split(separator: "\n")
    #expect(lines.count >= 4)
    for (line, words) in zip(lines, ["is queued, 1 before it,", "is queued, next in turn,"]) {
      #expect(line.contains(words), "\(made.errors)")
    }
    #expect(Set(lines).count == lines.count, "\(made.errors)")
  }

  /// What is answered at a terminal, and what becomes of the job.
  enum Answer: CaseIterable {
    case yes, no, nothing, interruption, termination
  }

  @Test(arguments: Answer.allCases)
  func atATerminalAnInterruptionOffersToCancel(answer: Answer) throws {
    let server = try TestService()
    let folder = try TemporaryFolder()
    let terminal = try PseudoTerminal()
    let process = Process()
    process.executableURL = try ServerProcess.executable().deletingLastPathComponent()
      .appending(path: "crisp")
    let options = #"{"block": 8, "recipe": {"dense_epochs": 1000, "samples_per_class": 10000}}"#
    process.arguments = [
      "personalize", "--server", "http://127.0.0.1:\(server.client.port)", "--user", "ada",
      "--classes", "top left,middle", "--options", options, "--sparsity", "0.8", "--out",
      folder.file("small.st"),
    ]
    process.standardInput = terminal.device
    process.standardOutput = terminal.device
    process.standardError = terminal.device
    try process.run()
    try terminal.device.close()
    defer { if process.isRunning { process.terminate() } }
    #expect(try terminal.read { $0.contains("is running") }, "\(terminal.text)")
    let job = try #require(terminal.text.firstMatch(of: /job_[0-9a-f]{24}/)).output
    let question = "Cancel \(job) on the server, too? [y/N] "
    if answer == .termination {
      process.terminate()
    } else {
      process.interrupt()
      #expect(try terminal.read { $0.contains(question) }, "\(terminal.text)")
    }
    switch answer {
    case .yes: try terminal.type("y\n")
    case .no: try terminal.type("n\n")
    case .nothing: try terminal.type("\n")
    case .interruption: process.interrupt()
    case .termination: break
    }
    try terminal.read { _ in false }
    process.waitUntilExit()
    let left = "\(job) goes on at the server; crisp cancel \(job) ends it"
    switch answer {
    case .yes:
      #expect(terminal.text.contains("\(job) ends at its next batch"), "\(terminal.text)")
      #expect(try server.jobs.wait(String(job)).status == "cancelled")
    case .no, .nothing:
      #expect(terminal.text.contains(left), "\(terminal.text)")
    case .interruption:
      #expect(process.terminationReason == .uncaughtSignal)
    case .termination:
      #expect(terminal.text.contains(left) && !terminal.text.contains("[y/N]"), "\(terminal.text)")
    }
    switch answer {
    case .yes, .no, .nothing: #expect(process.terminationStatus == 130)
    case .interruption: #expect(process.terminationStatus == SIGINT)
    case .termination: #expect(process.terminationStatus == 128 + SIGTERM)
    }
    guard answer != .yes else { return }
    #expect(try server.jobs.job(String(job)).status == "running")
    _ = try server.client.post("/jobs/\(job)/cancel", .object([:]))
  }

  /// Over TLS by an authority that the system does not know.
  @Test func authoritiesAreNamedByOptionOrEnvironment() throws {
    let certificates = try TestCertificates()
    let files = certificates.make("right")
    certificates.make("other", serial: 2)
    let server = try TestService { $0.tls = files }
    let folder = try TemporaryFolder()
    let address = "https://localhost:\(server.client.port)"
    func asked(_ arguments: [String], _ environment: [String: String] = [:]) throws -> Outcome {
      try Self.crisp(
        arguments,
        environment: ["CRISP_SERVER": address, "SSL_CERT_FILE": ""].merging(environment) { $1 })
    }
    for (options, environment) in [
      ([], [:]), (["--cacert", certificates.path("other.pem")], [:]),
      ([], ["SSL_CERT_FILE": certificates.path("other.pem")]),
    ] as [([String], [String: String])] {
      let refused = try asked(["jobs"] + options, environment)
      #expect(refused.status != 0)
      for words in [
        "the certificate of \(address) cannot be trusted", "with --cacert, or in SSL_CERT_FILE",
      ] { #expect(refused.errors.contains(words), "\(refused.errors)") }
    }
    #expect(try asked(["jobs"], ["SSL_CERT_FILE": files.certificate]).output == "no jobs\n")
    // The option wins, and holds for every request: the stream and the download too.
    let made = try asked(
      [
        "personalize", "--user", "ada", "--classes", "top left,middle", "--options", Self.short,
        "--sparsity", "0.8", "--out", folder.file("small.st"), "--cacert", files.certificate,
      ], ["SSL_CERT_FILE": certificates.path("other.pem")])
    #expect(made.status == 0 && made.output.contains("verified"), "\(made.errors)")
    let lines = made.errors.split(separator: "\n")
    #expect(lines.contains { $0.contains("is running, ") }, "\(made.errors)")
    let missing = try asked(["jobs", "--cacert", "/nowhere/ca.pem"])
    #expect(missing.errors.contains("/nowhere/ca.pem"), "\(missing.errors)")
  }

  @Test(arguments: [
    (["CRISP_SERVER": "ftp://x"], "ftp://x"),
    (["CRISP_SERVER": "127.0.0.1:8080"], "127.0.0.1:8080"),
    (["CRISP_TOKEN": "a b"], "the token holds characters"),
  ])
  func theEnvironmentIsChecked(environment: [String: String], says text: String) throws {
    let outcome = try Self.crisp(["jobs"], environment: environment)
    #expect(outcome.status != 0 && outcome.errors.contains(text), "\(outcome.errors)")
  }
}

extension JSONValue {
  fileprivate var elements: [JSONValue] { if case .array(let list) = self { list } else { [] } }
}
