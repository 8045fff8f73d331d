import Datasets
import NeuralGraph

extension Personalization {
  /// What this run is expected to cost. Without a measured speed a low one is assumed.
  /// Throws `GraphError` for a network whose layers do not fit together.
  public func estimate(speed: RunSpeed? = nil) throws(GraphError) -> RunEstimate {
    let positions = Dictionary(
      dataset.classes.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    func images(_ split: Split) -> Int {
      let counts = dataset.counts(split)
      return profile.names.reduce(0) { sum, name in
        guard let index = positions[name] else { return sum }
        return sum + counts[index]
      }
    }
    let all = Split.allCases.reduce(0) { $0 + dataset.counts($1).reduce(0, +) }
    return try RunEstimate(
      recipe, graph: universal.description.graph, classes: profile.names.count,
      data: RunEstimate.Data(
        training: images(.training), validation: images(.validation), test: images(.test),
        bytes: dataset.imageShape == nil ? 0 : all * universal.description.graph.input.count),
      threads: threads, speed: speed)
  }
}
