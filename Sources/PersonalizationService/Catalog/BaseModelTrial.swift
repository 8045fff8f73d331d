import Cores
import Datasets
import Foundation
import JobContract
import JobWorker
import ModelFormats
import ModelInputs
import Store
import Training

/// How a base model that was just registered does on the data set that it was registered for: labels in
/// another order or statistics of other data show here, and not in the first user's model.
struct BaseModelTrial {
  /// What an operator reads: one line.
  let text: String

  /// Enough to tell a model from chance, and seconds with a large network.
  private static let images = 500

  /// Never throws: a model whose pictures are not there right now is registered all the same.
  init(_ record: BaseModelRecord, in store: any CompleteStore, cache: (any InputCache)?) {
    do {
      text = try Self.measured(record, in: store, cache)
    } catch {
      text = "it was not tried on '\(record.dataset)': \(error)"
    }
  }

  private static func measured(
    _ record: BaseModelRecord, in store: any CompleteStore, _ cache: (any InputCache)?
  ) throws -> String {
    let dataset = try JobInputs(store: store, cache: cache)
      .dataset(store.dataset(record.dataset).record)
    let model = try ModelLibrary(store: store, cache: cache).model(record)
    let loader = try BatchLoader(
      dataset: dataset, classes: dataset.classIndices(record.labels),
      preprocessing: model.description.preprocessing)
    let network = try Network(
      graph: model.description.graph, weights: model.weights,
      threads: Cores.usable)
    let result = try network.evaluate(
      loader, split: .test, mostPerClass: max(1, images / max(1, record.labels.count)))
    return text(
      right: result.correct.reduce(0, +), of: result.images,
      classes: record.labels.count, dataset: record.dataset)
  }

  /// The line for a result.
  static func text(right: Int, of count: Int, classes: Int, dataset: String) -> String {
    guard count > 0, classes > 0 else {
      return "it was not tried: '\(dataset)' has no test image of it"
    }
    let share = Double(right) / Double(count)
    let chance = 1 / Double(classes)
    let found = "\(right) of \(count) test images of '\(dataset)' right"
    // Two standard deviations of guesses.
    let doubt = 2 * (chance * (1 - chance) / Double(count)).squareRoot()
    guard share <= chance + doubt else { return "tried: \(found)" }
    return
      "warning: \(found), no better than guessing one of \(classes): are the labels in the order "
      + "of training, and are mean and standard deviation those of training?"
  }
}
