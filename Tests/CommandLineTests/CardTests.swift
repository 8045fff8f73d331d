import Digests
import Foundation
import ServiceAPI
import TestSupport
import Testing

/// A model card is enough to make its model again.
@Suite(.serialized) struct CardTests {
  private let folder: TemporaryFolder
  private let universal: String

  init() throws {
    folder = try TemporaryFolder()
    try ToyFiles.write(to: folder)
    universal = try #require(CrispTests.workshop).file("universal.st")
  }

  private func prune(_ arguments: [String], model: String? = nil, data: String? = nil) throws
    -> CommandLineProgram.Outcome
  {
    try CommandLineProgram.run(
      "crisp",
      ["prune", "--model", model ?? universal, "--data", data ?? folder.path, "--json"]
        + arguments)
  }

  /// Writes the card of a run with one thread to card.json; returns what the run printed.
  private func makeCard(seed: UInt64 = UInt64(Int64.max)) throws -> JSONValue {
    let made = try prune([
      "--classes", "top left=3,middle", "--sparsity", "0.8", "--rows", "4", "--seed",
      "\(seed)", "--storage", "float16", "--min-accuracy", "0.2", "--recipe",
      CrispTests.shortRecipe, "--threads", "1", "--out", folder.file("first.st"), "--card",
      folder.file("card.json"),
    ])
    try #require(made.status == 0, "\(made.errors)")
    return try made.json(JSONValue.self)
  }

  private func expectReproduced(
    _ outcome: CommandLineProgram.Outcome, _ digest: JSONValue?,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    try #require(outcome.status == 0, "\(outcome.errors)", sourceLocation: sourceLocation)
    let report = try outcome.json(JSONValue.self)
    #expect(digest?.text != nil, sourceLocation: sourceLocation)
    #expect(report["sha256"] == digest, sourceLocation: sourceLocation)
  }

  @Test func cardsOfTheCommandLineAreReproduced() throws {
    let made = try makeCard()
    let card = try JSONDecoder().decode(
      JSONValue.self, from: Data(contentsOf: URL(fileURLWithPath: folder.file("card.json"))))
    #expect(card["sha256"] == made["sha256"])
    #expect(card["threads"] == .integer(1))
    #expect(card["generator"]?.text?.hasPrefix("crisp ") == true)

    let again = try prune([
      "--recipe", folder.file("card.json"), "--out", folder.file("again.st"), "--card",
      folder.file("again.json"),
    ])
    try expectReproduced(again, made["sha256"])
    #expect(try again.json(JSONValue.self)["isReproduced"] == .bool(true))
    let second = try JSONDecoder().decode(
      JSONValue.self, from: Data(contentsOf: URL(fileURLWithPath: folder.file("again.json"))))
    #expect(second["threads"] == .integer(1), "the card decides, not the number of cores")
    #expect(second["recipe"] == card["recipe"])
    #expect(second["classes"] == card["classes"])
    #expect(
      try SHA256.digest(ofFile: folder.file("again.st")).hex == made["sha256"]?.text)

    let table = try CommandLineProgram.run("crisp", ["table", folder.file("card.json")])
    #expect(table.output.contains("accuracy, pruned"), "\(table.errors)")
  }

  @Test func cardsOfServersAreReproduced() throws {
    let database = folder.file("crisp.sqlite")
    for arguments in [
      ["dataset", "add", "--db", database, "toy", folder.path],
      ["base-model", "add", "--db", database, "toy-net", universal, "--dataset", "toy"],
    ] {
      let outcome = try CommandLineProgram.run("crisp-server", arguments)
      try #require(outcome.status == 0, "\(outcome.errors)")
    }
    let server = try RunningServer(database: database)
    let asked = try CommandLineProgram.run(
      "crisp",
      [
        "personalize", "--server", server.url, "--user", "ada", "--classes", "middle=2,top left",
        "--bytes", "200000", "--min-accuracy", "0.2", "--options",
        "{\"recipe\": \(CrispTests.shortRecipe)}", "--json", "--out", folder.file("ada.st"),
      ])
    #expect(server.terminate() == 0)
    try #require(asked.status == 0, "\(asked.errors)")
    let report = try asked.json(JSONValue.self)
    #expect(report["card"]?["recipe"]?["target"] == .object(["bytes": .integer(200_000)]))
    #expect(report["card"]?["recipe"]?["min_accuracy"] == .number(0.2))
    try folder.write(Array(asked.output.utf8), to: "ada.json")
    let again = try prune(["--recipe", folder.file("ada.json"), "--out", folder.file("again.st")])
    try expectReproduced(again, report["sha256"])
  }

  @Test func wholeRecipesAreReproduced() throws {
    let made = try makeCard(seed: 7)
    try folder.write(Array(JSONEncoder().encode(made["recipe"])), to: "recipe.json")
    let again = try prune([
      "--classes", "top left=3,middle", "--threads", "1", "--recipe", folder.file("recipe.json"),
      "--out", folder.file("again.st"),
    ])
    try expectReproduced(again, made["sha256"])
    let both = try prune([
      "--classes", "top left,middle", "--bytes", "100000", "--recipe", folder.file("recipe.json"),
      "--out", folder.file("x"),
    ])
    #expect(both.status != 0)
    #expect(both.errors.contains("--bytes cannot be used with a whole recipe"), "\(both.errors)")
  }

  /// Class names are part of the data.
  @Test func picturesWithNamedClassesAreReproduced() throws {
    let data = folder.file("pictures")
    try CornerSquares.writePictures(to: data, classes: ToyFiles.classes.indices.map { "n0\($0)" })
    try folder.write(
      Array(ToyFiles.classes.enumerated().map { "n0\($0) \($1)\n" }.joined().utf8),
      to: "names.txt")
    let labels = ["--labels", folder.file("names.txt")]
    let made = try prune(
      labels + [
        "--classes", "middle,top left", "--sparsity", "0.8", "--recipe", CrispTests.shortRecipe,
        "--threads", "1", "--out", folder.file("first.st"), "--card", folder.file("card.json"),
      ], data: data)
    try #require(made.status == 0, "\(made.errors)")
    let card = ["--recipe", folder.file("card.json"), "--out", folder.file("again.st")]
    try expectReproduced(
      try prune(labels + card, data: data), try made.json(JSONValue.self)["sha256"])
    let unnamed = try prune(card, data: data)
    #expect(unnamed.errors.contains("the data given have"), "\(unnamed.errors)")
  }

  @Test func otherModelsDataAndOptionsAreRefused() throws {
    _ = try makeCard()
    let card = ["--recipe", folder.file("card.json"), "--out", folder.file("x")]
    // One weight differs in its last bit.
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: universal)))
    bytes[bytes.count - 4] ^= 1
    try folder.write(bytes, to: "other.st")
    let data = folder.file("other")
    try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: false)
    try CornerSquares.writeIDX(to: data, classes: ToyFiles.classes, seed: 7)
    for (outcome, words) in [
      (
        try prune(card, model: folder.file("other.st")),
        ["universal.st", "sha256", "the model given has"]
      ),
      (try prune(card, data: data), ["data set", "the data given have"]),
      (try prune(card + ["--classes", "middle,top left"]), ["--classes", "model card"]),
      (try prune(card + ["--sparsity", "0.9"]), ["--sparsity", "model card"]),
      (try prune(card + ["--threads", "2"]), ["1 thread(s)"]),
      (
        try prune(["--recipe", folder.file("nowhere.json"), "--out", "x", "--classes", "a,b"]),
        ["nowhere.json"]
      ),
    ] {
      #expect(outcome.status != 0)
      for word in words { #expect(outcome.errors.contains(word), "\(outcome.errors)") }
      #expect(!FileManager.default.fileExists(atPath: folder.file("x")))
    }
  }
}
