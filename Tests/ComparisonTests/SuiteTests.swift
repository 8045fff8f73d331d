import Comparison
import Foundation
import Pruning
import ServiceAPI
import Testing

@Suite struct SuiteTests {
  /// The suites that the repository has are suites, and say what each run of theirs is.
  @Test func committedSuitesAreRead() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Benchmarks").standardized
    var names: [String] = []
    for folder in ["accuracy", "paper"] {
      for url in try FileManager.default.contentsOfDirectory(
        at: root.appending(path: folder), includingPropertiesForKeys: nil)
      where url.pathExtension == "json" {
        let suite = try Suite(json: Data(contentsOf: url))
        #expect(!suite.groups.isEmpty, "\(url.lastPathComponent)")
        for group in suite.groups {
          // Not every processor has the precision that a suite asks for.
          let shared = group.recipe.filter { $0.key != "precision" }
          for variant in group.variants {
            _ = try variant.recipe(shared: shared, sparsity: 0.8, seed: 0, augmentation: .none)
          }
        }
        names.append(url.lastPathComponent)
      }
    }
    #expect(names.contains("cifar100.json") && names.contains("imagenet.json"), "\(names)")
  }

  @Test func everyFieldIsRead() throws {
    let json = """
      {"model": "m.safetensors", "data": "fashion-mnist", "set_seed": 7, "groups": [
        {"name": "baselines", "figure": "main", "variants": ["hybrid", "dense",
           {"name": "1:4", "recipe": {"keep": 1}, "sparsities": [0.95]}],
         "sets": [["Coat", {"name": "Shirt", "weight": 5}], {"random": {"size": 5, "count": 3}}],
         "sparsities": [0.8, 0.9], "seeds": [0, 1], "recipe": {"iterations": 6}},
        {"name": "more", "sets": {"random": {"size": 2, "count": 1}}}]}
      """
    let suite = try Suite(json: Data(json.utf8))
    var first = Suite.Group(
      name: "baselines", figure: "main",
      variants: [
        Variant("hybrid"),
        Variant("dense", recipe: ["method": .string("dense")], sparsities: [0]),
        Variant("1:4", recipe: ["keep": .integer(1)], sparsities: [0.95]),
      ],
      sets: [
        .given([.init(name: "Coat"), .init(name: "Shirt", weight: 5)]),
        .random(size: 5, count: 3),
      ])
    first.sparsities = [0.8, 0.9]
    first.seeds = [0, 1]
    first.recipe = ["iterations": .integer(6)]
    #expect(
      suite
        == Suite(
          model: "m.safetensors", data: "fashion-mnist", setSeed: 7,
          groups: [
            first, Suite.Group(name: "more", sets: [.random(size: 2, count: 1)]),
          ]))
  }

  @Test(arguments: [
    ("", "(file)"), ("[]", "(file)"), ("{}", "groups"), (#"{"group": []}"#, "group"),
    (#"{"groups": []}"#, "groups"), (#"{"groups": [1]}"#, "groups[0]"),
    (#"{"groups": [{"name": "a"}]}"#, "groups[0]"),
    (#"{"groups": [{"name": 1, "sets": [["a"]]}]}"#, "groups[0].name"),
    (#"{"groups": [{"name": "a", "sets": [[1]]}]}"#, "groups[0].sets[0][0]"),
    (#"{"groups": [{"name": "a", "sets": {"random": {"size": 2}}}]}"#, "groups[0].sets.random"),
    (#"{"groups": [{"name": "a", "sets": [["a"]], "seeds": [-1]}]}"#, "groups[0].seeds[0]"),
    (#"{"groups": [{"name": "a", "sets": [["a"]], "seeds": 1}]}"#, "groups[0].seeds"),
    (#"{"groups": [{"name": "a", "sets": [["a"]], "variants": ["x"]}]}"#, "groups[0].variants[0]"),
    (#"{"groups": [{"name": "a", "sets": [["a"]], "recipe": 1}]}"#, "groups[0].recipe"),
  ])
  func errorsNameTheField(json: String, field: String) {
    let error = #expect(throws: ComparisonError.self) { try Suite(json: Data(json.utf8)) }
    guard case .invalidSuite(let found, _)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(found == field)
  }
}
