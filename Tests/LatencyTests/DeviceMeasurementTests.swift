import Latency
import ModelFormats
import NeuralGraph
import Pruning
import TestSupport
import Testing

@Suite struct DeviceMeasurementTests {
  @Test(arguments: [1, 4])
  func profilesKnowEveryLayerThatHasTiles(rows: Int) throws {
    let model = try ToyProblem().model
    let pattern = try HybridPattern(keep: 2, block: 8, rows: rows)
    let profile = try DeviceProfile.measure(
      name: "here", model: model, pattern: pattern, threads: 2, rounds: 3)
    #expect(profile.name == "here")
    #expect(profile.threads == 2)
    #expect(profile.pattern == pattern)
    #expect(
      Set(profile.layers.keys) == [
        "block.conv1", "block.conv2", "block.downsample.0", "conv2",
      ])
    #expect(profile.fixed > 0)
    #expect(profile.layers.values.allSatisfy { $0.perRankColumn >= 0 && $0.fixed >= 0 })
    #expect(profile.covers(model.description.graph, pattern: pattern))
    #expect(!profile.covers(model.description.graph, pattern: .standard))

    // What it is for: a run checked against it knows the shortest time.
    var recipe = PruningRecipe(pattern: pattern, target: .milliseconds(1e9))
    recipe.device = profile
    let classes = try ClassProfile(names: ["middle", "top left"])
    try Personalization.check(recipe, profile: classes, universal: model.description)
    recipe.target = .milliseconds(profile.fixed / 2)
    let error = #expect(throws: PruningError.self) {
      try Personalization.check(recipe, profile: classes, universal: model.description)
    }
    #expect(error?.code == "target_out_of_reach")
  }

  @Test func timesMustBeTimesOfEveryLayer() throws {
    let model = try ToyProblem().model
    let pattern = try HybridPattern(keep: 2, block: 8)
    var profile = try DeviceProfile.measure(
      name: "here", model: model, pattern: pattern, rounds: 1)
    let whole = profile
    profile.layers["conv2"] = nil
    #expect(!profile.covers(model.description.graph, pattern: pattern))
    profile = whole
    profile.layers["conv2"]?.perRankColumn = -1
    #expect(!profile.covers(model.description.graph, pattern: pattern))
    profile = whole
    profile.fixed = .nan
    #expect(!profile.covers(model.description.graph, pattern: pattern))
  }

  /// What a sparsity costs before anybody prunes: block.conv2, of 180 columns, has 23 tiles in a block row.
  @Test func timesOfASparsityArePredicted() throws {
    let graph = try ToyProblem().model.description.graph
    let names = ["block.conv1", "block.conv2", "block.downsample.0", "conv2"]
    let profile = DeviceProfile(
      name: "toy", processor: "none", threads: 1, pattern: try HybridPattern(keep: 2, block: 8),
      fixed: 1,
      layers: Dictionary(
        uniqueKeysWithValues: names.map {
          ($0, DeviceProfile.Layer(perRankColumn: $0 == "block.conv2" ? 1 : 0, fixed: 0.5))
        }))
    #expect(try profile.milliseconds(of: graph, sparsity: 0.5) == 1 + 2 + 23)
    #expect(try profile.milliseconds(of: graph, sparsity: 0.8) == 1 + 2 + 9)
    #expect(try profile.milliseconds(of: graph, sparsity: 0.99) == 1 + 2 + 1)
    #expect(try profile.milliseconds(of: graph, sparsity: 0.4) == nil)
  }

  /// A line never starts below zero and never falls, whatever the clock says.
  @Test(arguments: [
    // tiles, time, tiles, time, slope, intercept
    (1, 1.0, 3, 2.0, 0.5, 0.5), (1, 1.0, 3, 1.0, 0, 1), (1, 2.0, 3, 1.5, 0, 1.5),
    (1, 0.1, 5, 5.0, 1, 0), (1, 2.0, 1, 1.0, 0, 1), (1, 0.0, 4, 0.0, 0, 0),
  ])
  func linesGoThroughTwoTimes(
    few: Int, short: Double, many: Int, long: Double, slope: Double, intercept: Double
  ) {
    let layer = DeviceProfile.Layer(line: (few, short), (many, long))
    #expect(abs(layer.perRankColumn - slope) < 1e-6)
    #expect(abs(layer.fixed - intercept) < 1e-6)
  }
}
