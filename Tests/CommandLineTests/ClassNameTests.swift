import Foundation
import ServiceAPI
import TestSupport
import Testing

/// Classes whose names hold what command lines give a meaning to.
@Suite struct ClassNameTests {
  private static let names = ["tench, Tinca tinca", "a=b", "5\" disk", "plain", " café"]

  private func crisp(_ arguments: String...) throws -> CommandLineProgram.Outcome {
    try CommandLineProgram.run("crisp", arguments)
  }

  private func workshop() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try CornerSquares.writeIDX(to: folder.path, classes: Self.names)
    let trained = try crisp(
      "train", "--data", folder.path, "--width", "0.125", "--epochs", "1", "--threads", "1",
      "--out", folder.file("universal.st"))
    try #require(trained.status == 0, "\(trained.errors)")
    return folder
  }

  @Test func everyNameCanBeGiven() throws {
    let folder = try workshop()
    func pruned(_ option: String, _ value: String) throws -> [String: Double] {
      let outcome = try crisp(
        "prune", "--model", folder.file("universal.st"), "--data", folder.path, option, value,
        "--sparsity", "0", "--recipe", CrispTests.shortRecipe, "--threads", "1", "--out",
        folder.file("small.st"), "--card", folder.file("card.json"))
      #expect(outcome.status == 0, "\(value): \(outcome.errors)")
      let card = try JSONDecoder().decode(
        JSONValue.self, from: Data(folder.text("card.json").utf8))
      guard case .array(let classes)? = card["classes"] else { return [:] }
      return Dictionary(
        classes.compactMap { entry in
          entry["name"]?.text.flatMap { name in entry["weight"]?.double.map { (name, $0) } }
        }, uniquingKeysWith: { first, _ in first })
    }
    #expect(
      try pruned("--classes", "\"tench, Tinca tinca\"=2, \"a=b\",\"5\"\" disk\",plain")
        == ["tench, Tinca tinca": 2, "a=b": 1, "5\" disk": 1, "plain": 1])
    try folder.write(
      Array("\u{FEFF}tench, Tinca tinca\t2\r\na=b\r\n\r\n5\" disk\ncafe\u{301}\n".utf8),
      to: "wanted")
    #expect(
      try pruned("--classes-file", folder.file("wanted"))
        == ["tench, Tinca tinca": 2, "a=b": 1, "5\" disk": 1, "café": 1])
    let evaluated = try crisp(
      "evaluate", folder.file("universal.st"), "--data", folder.path, "--classes",
      "\"a=b\",café", "--json")
    #expect(evaluated.status == 0, "\(evaluated.errors)")
  }

  @Test(arguments: [
    ("\"open", "a double quote in it is not closed"), ("\"a\"b,c", "or something follows it"),
    ("a=x,b", "'x' is not a weight of 'a'; a name with an equals sign stands in double quotes"),
    ("a,,b", "a class has no name"), ("", "a class has no name"),
  ])
  func listsThatMakeNoSense(_ list: String, says words: String) throws {
    for command in [["evaluate", "nowhere.st"], ["compare", "--out", "nowhere"]] {
      let outcome = try CommandLineProgram.run("crisp", command + ["--classes", list])
      #expect(outcome.status == 64, "\(outcome.errors)")
      #expect(
        outcome.errors.contains("--classes") && outcome.errors.contains(words), "\(outcome.errors)")
    }
  }

  @Test func oneOptionAlone() throws {
    let both = try crisp("evaluate", "nowhere.st", "--classes", "a,b", "--classes-file", "names")
    #expect(both.errors.contains("--classes and --classes-file cannot be used together"))
    let none = try crisp("evaluate", "nowhere.st", "--classes-file", "/nowhere")
    #expect(none.status != 0)
  }

  /// Of two classes with one name the second could never be asked for.
  @Test func labelsDiffer() throws {
    let folder = try #require(CrispTests.workshop)
    _ = try crisp(
      "convert", folder.file("universal.st"), folder.file("twice.torch"), "--format", "state-dict")
    func convert(_ labels: String) throws -> CommandLineProgram.Outcome {
      try crisp(
        "convert", folder.file("twice.torch"), folder.file("twice.st"), "--input", "1x8x8",
        "--mean",
        "0", "--std", "1", "--labels", labels)
    }
    let twice = try convert("a,b,a,c,d")
    #expect(twice.errors.contains("the classes 0 and 2 are both called 'a'"), "\(twice.errors)")
    #expect(twice.status != 0)
    let quoted = try convert("\"a, b\",\"c=d\",e=f,g,h")
    #expect(quoted.status == 0, "\(quoted.errors)")
    let inspected = try crisp("inspect", folder.file("twice.st"), "--json")
    let labels = try inspected.json(JSONValue.self)["labels"]
    #expect(labels == .array(["a, b", "c=d", "e=f", "g", "h"].map { .string($0) }))
  }
}
