import Datasets
import NeuralGraph

extension Personalization {
  /// What this run is expected to cost. Without a measured speed a low one is assumed.
  /// Throws `GraphError` for a network whose layers do not fit together.
  public func estimate(speed: RunSpeed? = nil) throws(GraphError) -> RunEstimate {
    func images(_ split: Split) -> Int { dataset.count(split, of: classes) }
    let all = Split.allCases.reduce(0) { $0 + dataset.counts($1).reduce(0, +) }
    return try RunEstimate(
      recipe, graph: universal.description.graph, classes: profile.names.count,
      data: RunEstimate.Data(
        training: images(.training), validation: images(.validation), test: images(.test),
        bytes: dataset.imageShape == nil ? 0 : all * universal.description.graph.input.count),
      threads: threads, speed: speed)
  }
}
