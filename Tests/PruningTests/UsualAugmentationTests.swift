import Datasets
import ModelFormats
import NeuralGraph
import Pruning
import Testing

@Suite struct UsualAugmentationTests {
  private func usual(note: String?, resize: Int? = nil) throws -> Augmentation {
    let shape = ActivationShape(channels: 1, height: 2, width: 2)
    var builder = GraphBuilder(input: shape)
    let scores = builder.linear("fc", builder.image, features: 4, out: 2)
    let graph = try builder.graph(output: scores)
    let description = try ModelDescription(
      graph: graph, labels: ["a", "b"],
      preprocessing: Preprocessing(
        shape: shape, mean: [0], standardDeviation: [1], resize: resize))
    return .usual(
      for: try DenseModel(
        description: description, weights: graph.initialWeights(seed: 0), training: note))
  }

  /// All but shifts, which cost a short run more than they bring.
  @Test func theTrainingNoteDecides() throws {
    #expect(
      try usual(note: #"{"epoch": 3, "recipe": {"augmentation": {"flip": false, "shift": 3}}}"#)
        == .none)
    #expect(
      try usual(
        note: #"{"recipe": {"augmentation": {"flip": true, "shift": 0, "crop": 0.5}}}"#)
        == Augmentation(flip: true, shift: 0, crop: 0.5))
  }

  @Test(arguments: [
    nil, "{}", "[1]", #"{"recipe": {"seed": 1}}"#, #"{"recipe": {"augmentation": "none"}}"#,
    #"{"recipe": {"augmentation": {"flip": false, "shift": 65}}}"#,
    #"{"recipe": {"augmentation": {"flip": false, "shift": -1}}}"#,
    #"{"recipe": {"augmentation": {"flip": false, "shift": 0, "crop": 0}}}"#,
  ])
  func otherNotesDoNot(_ note: String?) throws {
    #expect(try usual(note: note) == Augmentation(flip: true, shift: 0))
    #expect(try usual(note: note, resize: 2) == .photographs)
  }
}
