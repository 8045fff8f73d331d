import Testing
import Training

/// Means over nothing do not exist.
@Suite struct EvaluationTests {
  @Test func nothingIsNotZero() {
    var evaluation = Evaluation(classes: 3)
    #expect(evaluation.accuracy == nil && evaluation.images == 0)
    #expect(evaluation.perClass == [nil, nil, nil])
    evaluation.add(scores: [1, 0, 0, 0, 1, 0], labels: [0, 0])
    #expect(evaluation.accuracy == 0.5)
    #expect(evaluation.perClass == [0.5, nil, nil])
    #expect(evaluation.perClass(names: ["a", "b", "c"]) == ["a": 0.5])
  }
}
