import ArgumentParser
import Flags
import Foundation
import Inputs
import ModelCards
import PersonalizationClient
import Pruning
import ServiceAPI

/// `crisp personalize`: the client of a running server.
struct Personalize: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Ask a server for a model tailored to some classes, and download it.",
    discussion: """
      Example: crisp personalize --server http://127.0.0.1:8080 --user ada \
      --classes "Sandal,Sneaker,Ankle boot" --out shoes.crisp.safetensors

      A weight may follow a class: --classes "Bag=3,Shirt". A file called NAME.onnx is written as ONNX. \
      Ctrl-C asks whether to cancel the job, too; without a terminal it is left to the server.
      """)

  @OptionGroup var server: ServerOptions

  @Option(help: "Who asks.")
  var user: String

  @OptionGroup var classes: ClassOptions

  @Option(help: "Where to write the model.")
  var out: String

  @Option(help: "crisp, safetensors or onnx (default: onnx for NAME.onnx, else crisp).")
  var format: DownloadFormat?

  @Option(help: "The base model (default: the server's).")
  var baseModel: String?

  @Option(help: "Further fields of the request, as a JSON object.")
  var options: String?

  @Option(help: "Seed of the run: 0 to 9223372036854775807.")
  var seed: UInt64?

  @OptionGroup var target: TargetOptions

  @Option(help: "The device of --latency-ms, by the server's name for it (default: the server).")
  var device: String?

  @Option(
    help: ArgumentHelp(
      "Wait for a worker that has this: avx2, avx512, vnni, bf16 or a label of the operator's; may be repeated.",
      valueName: "label"))
  var requires: [String] = []

  @OptionGroup var output: OutputOptions

  /// What `--json` prints.
  struct Report: Encodable {
    let job: JobResource
    let file: String
    let bytes: Int
    let sha256: String
    let card: ModelCard
  }

  func validate() throws {
    guard !user.isEmpty else { throw ValidationError("--user must not be empty.") }
    try PruningRecipe.seeds.check(seed, "--seed")
  }

  func run() async throws {
    try checkOutput(out)
    let client = try server.client()
    let submitted = try await client.submit(user: user, body: try body())
    guard let job = try await followed(submitted, by: client), let model = job.resultModel else {
      return
    }
    let (bytes, digest) = try await client.download(
      model, to: out, as: format ?? DownloadFormat(naming: out))
    let card = try await client.card(model)
    let report = Report(job: job, file: out, bytes: bytes, sha256: digest, card: card)
    try output.print(report) {
      """
      \(out): \(bytes) bytes, sha256 \(digest) verified
      \(CardTable.text([card]))
      """
    }
  }

  /// The job's end, told of on standard error: as a bar on a terminal, in lines elsewhere. A signal ends
  /// the waiting, and perhaps the job.
  private func followed(_ submitted: JobResource, by client: ServiceClient) async throws
    -> JobResource?
  {
    // Before the first word of it: who reads that may send a signal at once.
    let interruption = Interruption()
    defer { withExtendedLifetime(interruption) {} }
    let following = Task {
      let bar = ProgressBar()
      defer { bar.finish() }
      var lines = JobLines()
      bar.note(JobLines.text(submitted))
      _ = lines.line(submitted)
      return try await client.follow(submitted) { job in
        if let line = lines.line(job), !bar.isTerminal || job.progress == nil { bar.note(line) }
        bar.update(job.progress?.fraction ?? 0, JobLines.text(job))
      }
    }
    interruption.flag.atSignal { following.cancel() }
    do {
      return try await following.value
    } catch  where interruption.flag.isSet {
      let number = interruption.flag.number
      // Who ends a program with SIGTERM does not answer questions.
      try await leave(submitted, client, asking: number == SIGINT)
      throw ExitCode(128 + number)  // what shells say of a program that a signal ended
    }
  }

  private func leave(_ job: JobResource, _ client: ServiceClient, asking: Bool) async throws {
    func tell(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
    if asking, isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 {
      tell("\nCancel \(job.id) on the server, too? [y/N] ")
      if let answer = readLine(), answer.lowercased().hasPrefix("y") {
        return tell("\(JobLines.cancelled(try await client.cancel(job.id)))\n")
      }
    }
    tell("\(job.id) goes on at the server; crisp cancel \(job.id) ends it\n")
  }

  private func body() throws -> JSONValue {
    var members: [String: JSONValue] = [:]
    if let options {
      let value: JSONValue
      do throws(JSONFault) {
        value = try JSONValue(json: Array(options.utf8))
      } catch {
        throw ValidationError(
          "--options cannot be read as JSON: \(error.reason) (byte \(error.offset + 1)).")
      }
      guard case .object(let more) = value else {
        throw ValidationError("--options must be a JSON object.")
      }
      members = more
    }
    guard let entries = try classes.entries() else {
      throw ValidationError("--classes or --classes-file is needed.")
    }
    members["classes"] = .array(
      entries.map {
        .object(["name": .string($0.name), "weight": .number($0.weight)])
      })
    if let target = target.target {
      members["target"] = try JSONDecoder().decode(
        JSONValue.self, from: JSONEncoder().encode(target))
    }
    if let device { members["device"] = .string(device) }
    if let accelerator = target.accelerator { members["accelerator"] = .string(accelerator) }
    if let floor = target.minAccuracy { members["min_accuracy"] = .number(floor) }
    if let baseModel { members["base_model"] = .string(baseModel) }
    if !requires.isEmpty { members["requires"] = .array(requires.map { .string($0) }) }
    if let seed { members["seed"] = .integer(Int64(clamping: seed)) }
    return .object(members)
  }
}
