import Datasets
import Foundation
import ModelFormats
import ModelInputs
import Pruning
import SparseRuntime
import Training

/// A model file of either kind, ready to classify: packed ones run on the sparse runtime, dense ones
/// on oneDNN.
struct ModelUse {
  let file: ModelFile
  let labels: [String]
  private let threads: Int
  private let classify: ([Float], Int) throws -> [Float]

  /// `classes` restricts a dense model to some of its labels.
  init(path: String, classes: [String]?, threads: Int, batchCapacity: Int) throws {
    self.threads = threads
    file = try ModelFile(contentsOf: URL(fileURLWithPath: path))
    switch file {
    case .packed(let model):
      if let classes, Set(classes) != Set(model.description.labels) {
        throw PruningError.mismatch(
          reason: "'\(path)' is tailored to \(model.description.labels.joined(separator: ", ")) "
            + "and answers those only")
      }
      labels = model.description.labels
      let session = try Session(model: model, batchCapacity: batchCapacity, threads: threads)
      classify = { try session.run(images: $0, count: $1) }
    case .dense(let model):
      var used = model
      if let classes {
        used = try model.sliced(
          to: ClassProfile(names: classes).indices(in: model.description.labels))
      }
      labels = used.description.labels
      let network = try Network(
        graph: used.description.graph, weights: used.weights, threads: threads)
      classify = { try network.forward($0, count: $1, mode: .inference) }
    }
  }

  /// Scores of `count` normalised NCHW images.
  func scores(_ images: [Float], count: Int) throws -> [Float] { try classify(images, count) }

  /// A loader of this model's classes and preprocessing from a data set.
  func loader(_ dataset: ImageDataset) throws -> BatchLoader {
    try BatchLoader(
      dataset: dataset, classes: dataset.classIndices(labels),
      preprocessing: file.description.preprocessing, decodeThreads: threads)
  }
}
