import ArgumentParser
import Flags
import Foundation
import Inputs
import ModelFormats
import ModelInputs
import Pruning
import SparseRuntime
import Training

/// `crisp predict`: classes of picture files.
struct Predict: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Classify pictures (PNG, JPEG, WebP, BMP, GIF).",
    discussion: "Example: crisp predict shoes.crisp.safetensors photo.png")

  @Argument(help: "A dense or packed model.")
  var file: String

  @Argument(help: "Pictures; they are brought to the model's input as in evaluation.")
  var images: [String]

  @Option(help: "Classes to show for each picture.")
  var top = 3

  @OptionGroup var threads: ThreadOptions
  @OptionGroup var output: OutputOptions

  /// What `--json` prints, one a picture.
  struct Report: Encodable {
    struct Class: Encodable {
      let label: String
      let probability: Double
    }
    let image: String
    let classes: [Class]
  }

  func validate() throws { try InputRange(1...1000).check(top, "--top") }

  func run() throws {
    let model = try ModelUse(path: file, classes: nil, threads: threads.count(), batchCapacity: 1)
    let preprocessing = model.file.description.preprocessing
    let reports = try images.map { path in
      let input = try preprocessing.input(file: path)
      let scores = try model.scores(input, count: 1)
      guard scores.allSatisfy(\.isFinite) else { throw RuntimeError.scoresNotFinite(image: 0) }
      let best = Prediction.ranked(scores: scores, labels: model.labels, count: top)
      return Report(
        image: path,
        classes: best.map {
          Report.Class(label: $0.label, probability: Double($0.probability))
        })
    }
    try output.print(reports) {
      reports.map { report in
        let classes = report.classes.map { "\($0.label) \(percent($0.probability))" }
        return "\(report.image): \(classes.joined(separator: ", "))"
      }.joined(separator: "\n")
    }
  }
}
