import Digests
import Foundation
import Latency
import ModelCards
import ModelFormats
import Pruning
import ServiceAPI

extension ModelCard {
  /// The card of a finished run.
  ///
  /// `profile` and `threads` are the run's, `generator` is the program's name and version.
  public init(
    _ result: Personalization.Result, profile: ClassProfile, baseModel: Source, dataset: Source,
    threads: Int, latency: LatencyComparison, generator: String
  ) throws {
    let report = result.report
    let test = report.pruned.test
    self.init(
      classes: profile.entries,
      baseModel: baseModel, dataset: dataset,
      accuracy: Accuracy(
        universalRestricted: report.references.restricted.testAccuracy,
        denseFineTuned: report.references.denseFineTuned?.testAccuracy,
        pruned: report.pruned.testAccuracy, perClass: test.perClass(names: report.labels),
        testImages: test.counts.reduce(0, +)),
      sparsity: Sparsity(
        global: report.globalSparsity, model: report.modelSparsity,
        layers: report.layers.map {
          Layer(
            name: $0.name, treatment: $0.treatment.rawValue,
            reason: $0.treatment.reasonToStayDense, shape: [$0.rows, $0.columns], kept: $0.kept,
            sparsity: $0.sparsity, tiles: Self.tiles($0))
        }),
      bytes: Cost(dense: report.denseBytes, packed: report.packedBytes),
      multiplyAccumulates: Cost(
        dense: report.denseMultiplyAccumulates, packed: report.keptMultiplyAccumulates),
      latency: Latency(
        denseMilliseconds: latency.dense, sparseMilliseconds: latency.sparse,
        batch: latency.batch, threads: latency.threads, processor: latency.processor),
      recipe: try JSONDecoder().decode(JSONValue.self, from: CanonicalJSON.data(result.recipe)),
      seed: result.recipe.seed, threads: threads,
      verificationError: Double(report.verificationError),
      generator: generator, accelerator: try Accelerator(result),
      iterations: report.iterations.map {
        Iteration(
          iteration: $0.iteration, sparsity: $0.sparsity,
          validationAccuracy: $0.validationAccuracy)
      },
      sha256: SHA256.digest(of: result.packed).hex, seconds: report.seconds)
    charts = CardCharts.charts(of: self)
  }

  private static func tiles(_ layer: PersonalizationReport.Layer) -> [Int]? {
    guard let left = layer.tilesPerBlockRow, let all = layer.tileColumns else { return nil }
    return [left, all]
  }
}
