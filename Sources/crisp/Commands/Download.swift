import ArgumentParser
import Flags
import Foundation
import PersonalizationClient
import ServiceAPI

/// `crisp download`: a model of a server as a file.
struct Download: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Download a model from a server and check its digest.",
    discussion: "Example: crisp download model_0123456789abcdef01234567 --out shoes.onnx")

  @OptionGroup var server: ServerOptions
  @Argument(help: "The model, model_….") var model: String
  @Option(help: "Where to write it.") var out: String
  @Option(help: "crisp, safetensors or onnx (default: onnx for NAME.onnx, else crisp).")
  var format: DownloadFormat?
  @OptionGroup var output: OutputOptions

  /// What `--json` prints.
  struct Report: Encodable {
    let file: String
    let format: String
    let bytes: Int
    let sha256: String
  }

  func run() async throws {
    try checkOutput(out)
    let format = format ?? DownloadFormat(naming: out)
    let (bytes, digest) = try await server.client().download(model, to: out, as: format)
    let report = Report(file: out, format: format.rawValue, bytes: bytes, sha256: digest)
    try output.print(report) {
      "\(out): \(bytes) bytes, \(format.rawValue), sha256 \(digest) verified"
    }
  }
}
