import Datasets
import Foundation
import Inputs
import ModelFormats
import Pruning
import ServiceAPI
import SparseRuntime
import Store

/// Estimates what jobs cost on this machine, from descriptions alone, and learns from those that
/// ended.
package struct JobEstimator: Sendable {
  private let store: any SpeedRegistry
  /// Cores a job uses.
  private let threads: Int
  /// What one job may be expected to cost.
  package let limits: RunLimits

  /// Estimates for jobs that use `threads` cores; speeds are kept in the store.
  package init(store: any SpeedRegistry, threads: Int, limits: RunLimits) {
    self.store = store
    self.threads = threads
    self.limits = limits
  }

  /// What decides a speed beside the base model.
  package var machine: String { "\(Processor.name), \(threads) threads" }

  /// What a job is expected to cost. Throws `StoreError`, `GraphError` for a graph that is none, and
  /// `PruningError.nothingToValidate` for an accuracy floor that no image can measure.
  package func estimate(
    _ specification: JobSpecification, universal: ModelDescription, baseModel: BaseModelRecord,
    dataset: DatasetRecord
  ) throws -> RunEstimate {
    let speed = try store.speed(ofBaseModel: baseModel.name, machine: machine)
    let data = try Self.data(
      dataset, classes: specification.profile.names, imageSize: universal.graph.input.count)
    // A record that says nothing of training images says nothing of any.
    if specification.recipe.minAccuracy != nil, data.training != nil, data.validation == 0 {
      throw PruningError.nothingToValidate(dataset: dataset.name)
    }
    return try RunEstimate(
      specification.recipe, graph: universal.graph,
      classes: specification.profile.names.count, data: data, threads: threads,
      speed: speed.map { RunSpeed(unitsPerSecond: $0.unitsPerSecond) })
  }

  /// How much there is of a data set's images. What the record does not say counts as nothing.
  private static func data(_ record: DatasetRecord, classes: [String], imageSize: Int) throws
    -> RunEstimate.Data
  {
    let counts = try counts(of: record)
    let indices = ClassProfile.positions(of: classes, in: record.classes).compactMap(\.self)
    func images(_ split: Split) -> Int {
      let counts = counts[split.rawValue] ?? []
      return indices.reduce(0) { $0 &+ (counts.indices.contains($1) ? counts[$1] : 0) }
    }
    let all = counts.values.joined().reduce(0.0) { $0 + Double($1) }
    let isInFiles = DatasetFormat(rawValue: record.format)?.isInFiles == true
    return RunEstimate.Data(
      training: counts[Split.training.rawValue] == nil ? nil : images(.training),
      validation: images(.validation), test: images(.test),
      bytes: isInFiles ? 0 : Int(min(all * Double(imageSize), 1e18)))
  }

  /// Images of each class by split, in the order of the classes; empty where the record does not say.
  /// Throws `StoreError.databaseCorrupt` for counts that are none of images.
  package static func counts(of record: DatasetRecord) throws -> [String: [Int]] {
    var reader = JSONReader(Array(record.counts), limits: .stored)
    guard let counts = try? counts(&reader) else { return [:] }
    return try counts.mapValues { counts in
      try counts.map { count in
        guard case .integer(let value) = count, let images = Int(exactly: value),
          imageCounts.contains(images)
        else {
          throw StoreError.databaseCorrupt(
            reason: "the data set '\(record.name)' has counts that are none of images")
        }
        return images
      }
    }
  }

  /// Read here, because Foundation's decoder takes half a microsecond for each of 20,000 classes.
  private static func counts(_ reader: inout JSONReader) throws(JSONFault) -> [String: [JSONNumber]]
  {
    var result: [String: [JSONNumber]] = [:]
    try reader.beginObject()
    while let split = try reader.nextName() {
      var counts: [JSONNumber] = []
      try reader.beginArray()
      while try reader.hasElement() { counts.append(try reader.number()) }
      result[split] = counts
    }
    try reader.end()
    return result
  }

  /// Images of a class that a data set may have; thousands of such classes add up without overflow.
  private static let imageCounts = 0...(1 << 40)

  /// An amount as sentences have it.
  package static func text(_ amount: Double, _ resource: RunEstimate.Resource) -> String {
    let number = String(format: amount < 10 ? "%.1f" : "%.0f", amount)
    return switch resource {
    case .steps: "\(number) updates"
    case .seconds: "\(number) seconds"
    case .memory: "\(number) bytes of memory"
    case .disk: "\(number) bytes of disk"
    }
  }

  /// Remembers how fast a run went that was made from start to end in one go. Later runs count as
  /// much as earlier ones, until there are so many that a changed machine would not be noticed.
  package func learn(_ estimate: RunEstimate, seconds: Double, baseModel: String) throws {
    guard seconds > 0, estimate.work > 0 else { return }
    let known = try store.speed(ofBaseModel: baseModel, machine: machine)
    let found = estimate.work / seconds
    let jobs = known?.jobs ?? 0
    let mean =
      if let known, jobs > 0 {
        known.unitsPerSecond + (found - known.unitsPerSecond) / Double(min(jobs + 1, 8))
      } else { found }
    try store.setSpeed(
      SpeedRecord(unitsPerSecond: mean, jobs: min(jobs + 1, 1_000_000)), ofBaseModel: baseModel,
      machine: machine)
  }
}

extension EstimateResource {
  /// The answer for an estimate under limits.
  package init(_ estimate: RunEstimate, limits: RunLimits, baseModel: String?) {
    self.init(
      baseModel: baseModel, estimate: EstimateFigures(estimate),
      limits: Limits(
        steps: limits.steps, seconds: limits.seconds, memoryBytes: limits.memoryBytes,
        diskBytes: limits.diskBytes),
      exceeds: limits.excesses(of: estimate).map {
        Excess(
          limit: $0.resource.rawValue, estimated: $0.estimated, allowed: $0.allowed,
          fields: $0.fields)
      })
  }
}

extension EstimateFigures {
  /// An estimate as answers have it.
  package init(_ estimate: RunEstimate) {
    self.init(
      steps: estimate.steps, seconds: estimate.seconds, memoryBytes: estimate.memoryBytes,
      diskBytes: estimate.diskBytes, isMeasured: estimate.isMeasured)
  }
}

extension JobRecord {
  /// What the job was expected to cost when it was queued; nil for jobs of earlier versions.
  package var runEstimate: RunEstimate? {
    estimate.flatMap { try? JSONDecoder().decode(RunEstimate.self, from: $0) }
  }
}
