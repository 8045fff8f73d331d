import Datasets
import Latency
import ModelCards
import ModelFormats
import Pruning

/// A run that has ended, measured on this machine, and the card that says so.
public struct FinishedRun: Sendable {
  /// Milliseconds of the dense and the packed model, measured when this was made.
  public let latency: LatencyComparison
  /// What is known of the model.
  public let card: ModelCard

  /// Measures a run's model and writes its card.
  ///
  /// What `checkCancellation` throws, between rounds of the measurement, ends it. `profile` and
  /// `threads` are the run's, `generator` is the program's name and version.
  /// - Throws: `FormatError`, `RuntimeError`, `TrainingError` or `EncodingError`.
  public init(
    _ result: Personalization.Result, profile: ClassProfile, baseModel: ModelCard.Source,
    dataset: ImageDataset, threads: Int, generator: String,
    checkCancellation: () throws -> Void = {}
  ) throws {
    latency = try LatencyComparison.measure(
      dense: result.denseSliced, packed: PackedModel(data: result.packed),
      checkCancellation: checkCancellation)
    card = try ModelCard(
      result, profile: profile, baseModel: baseModel,
      dataset: ModelCard.Source(name: dataset.name, sha256: dataset.digest.hex), threads: threads,
      latency: latency, generator: generator)
  }
}
