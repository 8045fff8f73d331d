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

      A weight may follow a class: --classes "Bag=3,Shirt".
      """)

  @Option(help: "The server's address.")
  var server = "http://127.0.0.1:8080"

  @Option(
    help: "An access token (default: the environment's CRISP_TOKEN, which others cannot see).")
  var token: String?

  @Option(help: "Who asks.")
  var user: String

  @Option(help: "Classes, separated by commas.")
  var classes: ClassList

  @Option(help: "Where to write the model.")
  var out: String

  @Option(help: "The base model (default: the server's).")
  var baseModel: String?

  @Option(help: "Further fields of the request, as a JSON object.")
  var options: String?

  @Option(help: "Seed of the run.")
  var seed: UInt64?

  @OptionGroup var target: TargetOptions

  @Option(help: "The device of --latency-ms, by the server's name for it (default: the server).")
  var device: String?

  @OptionGroup var output: OutputOptions

  /// What `--json` prints.
  struct Report: Encodable {
    let job: JobResource
    let file: String
    let bytes: Int
    let sha256: String
    let card: ModelCard
  }

  func run() async throws {
    try checkOutput(out)
    let client = try ServiceClient(
      server: server, token: token ?? ProcessInfo.processInfo.environment["CRISP_TOKEN"]
    ) { seconds, reason in
      FileHandle.standardError.write(Data("\(reason); trying again in \(seconds) s\n".utf8))
    }
    let bar = ProgressBar()
    let submitted = try await client.submit(user: user, body: try body())
    FileHandle.standardError.write(Data("\(submitted.id) is \(submitted.status)\n".utf8))
    let job = try await client.follow(submitted) { job in
      let progress = job.progress
      let accuracy = progress?.accuracy.map { "  validation \(percent($0))" } ?? ""
      let sparsity = progress.map { "  sparsity \(percent($0.sparsity))" } ?? ""
      bar.update(
        progress?.fraction ?? 0, "\(job.status) \(progress?.stage ?? "")\(sparsity)\(accuracy)")
    }
    bar.finish()
    guard let model = job.resultModel else { return }
    let (bytes, digest) = try await client.download(model, to: out)
    let card = try await client.card(model)
    let report = Report(job: job, file: out, bytes: bytes, sha256: digest, card: card)
    try output.print(report) {
      """
      \(out): \(bytes) bytes, sha256 \(digest) verified
      \(CardTable.text([card]))
      """
    }
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
    members["classes"] = .array(
      classes.entries.map {
        .object(["name": .string($0.name), "weight": .number($0.weight)])
      })
    if let target = target.target {
      members["target"] = try JSONDecoder().decode(
        JSONValue.self, from: JSONEncoder().encode(target))
    }
    if let device { members["device"] = .string(device) }
    if let floor = target.minAccuracy { members["min_accuracy"] = .number(floor) }
    if let baseModel { members["base_model"] = .string(baseModel) }
    if let seed { members["seed"] = .integer(Int64(clamping: seed)) }
    return .object(members)
  }
}
