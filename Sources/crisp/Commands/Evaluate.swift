import ArgumentParser
import Datasets
import Flags
import Foundation
import Training

/// `crisp evaluate`: accuracy of a dense or packed model on a split.
struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure a model's accuracy on held-out images.",
    discussion: """
      Example: crisp evaluate shoes.crisp.safetensors --data fashion-mnist

      With --classes a universal model is restricted to those classes first: the baseline that a \
      tailored model has to be compared with.
      """)

  @Argument(help: "A dense or packed model.")
  var file: String

  @OptionGroup var data: DataOptions

  @OptionGroup var classes: ClassOptions

  @Option(help: "training, validation or test.")
  var split = Split.test

  @OptionGroup var threads: ThreadOptions
  @OptionGroup var output: OutputOptions

  /// What `--json` prints.
  struct Report: Encodable {
    let file: String
    let split: String
    let images: Int
    /// Images that could not be decoded; they do not count.
    let skipped: Int
    let accuracy: Double
    let perClass: [String: Double]
  }

  func run() throws {
    let batch = 100
    let model = try ModelUse(
      path: file, classes: classes.entries()?.map(\.name), threads: threads.count(),
      batchCapacity: batch)
    let dataset = try data.load()
    let loader = try model.loader(dataset)
    let result = try Evaluation.run(loader, split: split, batchSize: batch) {
      try model.scores($0.images, count: $0.count)
    }
    warnOfSkippedImages(dataset)
    guard let accuracy = result.accuracy else {
      throw DatasetError.nothingToMeasure(name: dataset.name, split: split)
    }
    let report = Report(
      file: file, split: split.rawValue, images: result.images,
      skipped: dataset.skippedImages.total, accuracy: accuracy,
      perClass: result.perClass(names: model.labels))
    try output.print(report) {
      let lines = zip(model.labels, result.perClass).map { label, share in
        "  \(percent(share))  \(label)"
      }
      return "accuracy \(percent(report.accuracy)) on \(report.images) \(report.split) images\n"
        + lines.joined(separator: "\n")
    }
  }
}

extension Split: ExpressibleByArgument {}
