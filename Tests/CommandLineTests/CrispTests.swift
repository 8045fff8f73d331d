import Digests
import Foundation
import Randomness
import ServiceAPI
import TestSupport
import Testing

/// `crisp` and `crisp-server` from the outside, on the toy data set.
@Suite(.serialized) struct CrispTests {
  /// A trained universal model beside its data, made once.
  static let workshop: TemporaryFolder? = {
    do {
      let folder = try TemporaryFolder()
      try ToyFiles.write(to: folder)
      let trained = try CommandLineProgram.run(
        "crisp",
        [
          "train", "--data", folder.path, "--epochs", "4", "--batch", "20",
          "--learning-rate", "0.05", "--threads", "1", "--out", folder.file("universal.st"),
        ])
      try #require(trained.status == 0, "\(trained.errors)")
      return folder
    } catch {
      Issue.record("cannot train the toy model: \(error)")
      return nil
    }
  }()

  static let shortRecipe = """
    {"iterations": 2, "dense_epochs": 1, "final_epochs": 2, "samples_per_class": 40, \
    "batch_size": 20, "augmentation": {"flip": false, "shift": 0}}
    """

  private struct Accuracy: Decodable {
    let accuracy: Double
    let images: Int
  }

  static func prune(_ folder: TemporaryFolder, to file: String, classes: String) throws
    -> CommandLineProgram.Outcome
  {
    try CommandLineProgram.run(
      "crisp",
      [
        "prune", "--model", folder.file("universal.st"), "--data", folder.path, "--classes",
        classes, "--sparsity", "0.85", "--recipe", shortRecipe, "--threads", "1", "--json",
        "--out", folder.file(file),
      ])
  }

  @Test func prunedModelsCanBeUsed() throws {
    let folder = try #require(Self.workshop)
    let pruned = try Self.prune(folder, to: "small.st", classes: "middle,top left")
    #expect(pruned.status == 0, "\(pruned.errors)")
    let report = try pruned.json(JSONValue.self)
    let digest = try SHA256.digest(ofFile: folder.file("small.st")).hex
    #expect(report["sha256"]?.text == digest)
    #expect(try #require(report["report"]?["globalSparsity"]?.double) >= 0.85)

    let evaluated = try CommandLineProgram.run(
      "crisp", ["evaluate", folder.file("small.st"), "--data", folder.path, "--json"]
    )
    .json(Accuracy.self)
    #expect(evaluated.images == 40)
    #expect(evaluated.accuracy > 0.8)

    var generator = SeededGenerator(seed: 9)
    try folder.write(
      CornerSquares.png(CornerSquares.image(label: 4, using: &generator)), to: "middle.png")
    let predicted = try CommandLineProgram.run(
      "crisp", ["predict", folder.file("small.st"), folder.file("middle.png"), "--top", "1"])
    #expect(predicted.output.contains("middle.png: middle "), "\(predicted.output)")

    let inspected = try CommandLineProgram.run(
      "crisp", ["inspect", folder.file("small.st"), "--json"]
    ).json(JSONValue.self)
    #expect(inspected["labels"] == .array([.string("middle"), .string("top left")]))
    #expect(inspected["format"]?.text == "crisp-packed")
    #expect(
      inspected["multiplyAccumulates"]?.double
        == report["report"]?["keptMultiplyAccumulates"]?.double)

    let again = try Self.prune(folder, to: "again.st", classes: "middle,top left")
    #expect(try again.json(JSONValue.self)["sha256"]?.text == digest, "same seed, same bytes")
  }

  /// Every layer is named with what was done to it, or why nothing was.
  @Test func pruningSaysWhatHappenedToEachLayer() throws {
    let folder = try #require(Self.workshop)
    let pruned = try CommandLineProgram.run(
      "crisp",
      [
        "prune", "--model", folder.file("universal.st"), "--data", folder.path, "--classes",
        "middle,top left", "--sparsity", "0.85", "--recipe", Self.shortRecipe, "--threads", "1",
        "--out", folder.file("told.st"),
      ])
    #expect(pruned.status == 0, "\(pruned.errors)")
    let inspected = try CommandLineProgram.run("crisp", ["inspect", folder.file("told.st")])
    let lines = pruned.output.split(separator: "\n").map(String.init)
    let table = lines.drop { $0 != "layers:" }.dropFirst()
    #expect(table.count == 22, "19 convolutions, 2 projections, the classifier")
    for (name, text) in [
      ("conv1", "dense: it reads the image"), ("layer1.0.conv1", "2:4 in "),
      ("layer2.0.downsample.0", " 16x16 blocks a row"),
      ("fc", "2:4, all blocks: the classifier"),
    ] {
      let line = table.first { $0.hasPrefix("  \(name) ") }
      #expect(line?.contains(text) == true, "\(line ?? name)")
      #expect(inspected.output.contains("  \(name) "), "\(name)")
    }
    #expect(inspected.output.contains("it reads the image"))
  }

  @Test func restrictingAUniversalModelHelpsIt() throws {
    let folder = try #require(Self.workshop)
    func accuracy(_ more: [String]) throws -> Accuracy {
      try CommandLineProgram.run(
        "crisp",
        ["evaluate", folder.file("universal.st"), "--data", folder.path, "--json"] + more
      )
      .json(Accuracy.self)
    }
    let all = try accuracy([])
    let two = try accuracy(["--classes", "middle,top left"])
    #expect(all.images == 100)
    #expect(two.images == 40)
    #expect(all.accuracy > 0.35, "chance is 0.2")
    #expect(two.accuracy >= all.accuracy - 0.05)
  }

  static let mistakes: [([String], [String])] = [
    (["inspect", "/nowhere/model.st"], ["/nowhere/model.st"]),
    (["evaluate", "UNIVERSAL", "--data", "/nowhere/data"], ["/nowhere/data", "fashion-mnist"]),
    (["evaluate", "LABELS", "--data", "DATA"], ["labels.txt", "header"]),
    (
      [
        "prune", "--model", "UNIVERSAL", "--data", "DATA", "--classes", "midle,top left", "--out",
        "x",
      ],
      ["'midle'", "'middle'"]
    ),
    (
      [
        "prune", "--model", "UNIVERSAL", "--data", "DATA", "--classes", "middle,top left",
        "--sparsity", "0.9999", "--out", "x",
      ], ["0.9999", "out of reach"]
    ),
    (["prune", "--model", "/nowhere/m", "--classes", "a,b", "--out", "x"], ["/nowhere/m"]),
    (
      ["train", "--arch", "resnet9000", "--data", "DATA", "--out", "x"], ["resnet9000", "resnet20"]
    ),
    (
      [
        "prune", "--model", "UNIVERSAL", "--data", "DATA", "--classes", "middle,top left", "--out",
        "/nowhere/x",
      ], ["'/nowhere/x'", "'/nowhere': No such file"]
    ),
    (
      [
        "personalize", "--server", "http://127.0.0.1:9", "--user", "u", "--classes", "a,b", "--out",
        "/nowhere/x",
      ],
      ["'/nowhere/x'", "'/nowhere': No such file"]
    ),
    (["predict", "UNIVERSAL", "LABELS"], ["labels.txt", "PNG"]),
    (["predict", "UNIVERSAL", "DATA"], ["it is a folder; name a file in it"]),
    (
      ["personalize", "--user", "", "--classes", "a,b", "--out", "x"],
      ["--user must not be empty"]
    ),
    (["evaluate", "UNIVERSAL"], ["the data set 'fashion-mnist' has no class 'top left'"]),
    (
      ["personalize", "--server", "ftp://x", "--user", "u", "--classes", "a,b", "--out", "x"],
      ["ftp://x"]
    ),
    (
      [
        "personalize", "--server", "http://127.0.0.1:9", "--user", "u", "--classes", "a,b", "--out",
        "x",
      ],
      ["cannot reach http://127.0.0.1:9"]
    ),
  ]

  @Test(arguments: mistakes) func mistakesAreExplained(arguments: [String], words: [String]) throws
  {
    let folder = try #require(Self.workshop)
    let places = [
      "UNIVERSAL": folder.file("universal.st"), "DATA": folder.path,
      "LABELS": folder.file("labels.txt"),
    ]
    let outcome = try CommandLineProgram.run("crisp", arguments.map { places[$0] ?? $0 })
    #expect(outcome.status != 0)
    #expect(outcome.errors.hasPrefix("Error:"), "\(outcome.errors)")
    for word in words { #expect(outcome.errors.contains(word), "\(outcome.errors)") }
  }

  static let commands: [(String, [String])] = [
    ("crisp", ["train"]), ("crisp", ["prune"]), ("crisp", ["evaluate"]), ("crisp", ["predict"]),
    ("crisp", ["inspect"]), ("crisp", ["device"]), ("crisp", ["convert"]),
    ("crisp", ["personalize"]),
    ("crisp", ["table"]),
    ("crisp-server", ["serve"]), ("crisp-server", ["base-model", "add"]),
    ("crisp-server", ["dataset", "add"]), ("crisp-server", ["backup"]),
    ("crisp-server", ["check"]),
  ]

  @Test(arguments: commands) func helpShowsAnExample(program: String, command: [String]) throws {
    let outcome = try CommandLineProgram.run(program, command + ["--help"])
    #expect(outcome.status == 0)
    #expect(outcome.output.contains("Example: \(program) "), "\(outcome.output)")
  }

  /// The whole way: register, serve, personalise twice, compare, stop.
  @Test func aServerTailorsModelsForTwoUsers() throws {
    let folder = try #require(Self.workshop)
    let database = folder.file("crisp.sqlite")
    for arguments in [
      ["dataset", "add", "--db", database, "toy", folder.path],
      [
        "base-model", "add", "--db", database, "toy-net", folder.file("universal.st"), "--dataset",
        "toy",
      ],
    ] {
      let outcome = try CommandLineProgram.run("crisp-server", arguments)
      #expect(outcome.status == 0, "\(outcome.errors)")
    }
    let server = try RunningServer(database: database)
    func personalize(_ user: String, _ classes: String, to file: String) throws
      -> CommandLineProgram.Outcome
    {
      try CommandLineProgram.run(
        "crisp",
        [
          "personalize", "--server", server.url, "--user", user, "--classes", classes,
          "--sparsity", "0.8", "--options", "{\"recipe\": \(Self.shortRecipe)}", "--json", "--out",
          folder.file(file),
        ])
    }
    let first = try personalize("ada/\"; DROP TABLE users", "middle,top left=3", to: "ada.st")
    #expect(first.status == 0, "\(first.errors)")
    let report = try first.json(JSONValue.self)
    #expect(report["sha256"]?.text == (try SHA256.digest(ofFile: folder.file("ada.st")).hex))
    #expect(report["job"]?["user"]?.text == "ada/\"; DROP TABLE users")
    #expect(try #require(report["card"]?["accuracy"]?["pruned"]?.double) > 0.8)

    let second = try personalize("グレース", "top left=6,middle=2", to: "grace.st")
    let shared = try second.json(JSONValue.self)
    #expect(shared["job"]?["id"] == report["job"]?["id"], "one job for all who ask the same")
    #expect(shared["sha256"] == report["sha256"])

    let unknown = try personalize("eve", "midle,top left", to: "eve.st")
    #expect(unknown.status != 0)
    #expect(unknown.errors.contains("'midle'") && unknown.errors.contains("'middle'"))
    #expect(!FileManager.default.fileExists(atPath: folder.file("eve.st")))

    try folder.write(Array(first.output.utf8), to: "ada.json")
    let table = try CommandLineProgram.run(
      "crisp", ["table", folder.file("ada.json"), folder.file("ada.json")])
    #expect(table.output.contains("accuracy, pruned"))

    #expect(server.terminate() == 0)
    let checked = try CommandLineProgram.run("crisp-server", ["check", "--db", database])
    #expect(checked.output.hasPrefix("ok:"), "\(checked.output)")
  }
}

/// A server process on a free port of the loopback interface, ended with its owner.
final class RunningServer {
  let url: String
  private let process = Process()

  init(database: String) throws {
    let output = Pipe()
    process.executableURL = try CommandLineProgram.path("crisp-server")
    process.arguments = ["--db", database, "--port", "0", "--threads-per-worker", "1"]
    process.standardOutput = output
    process.standardInput = FileHandle.nullDevice
    try process.run()
    var line: [UInt8] = []
    while let byte = try output.fileHandleForReading.read(upToCount: 1)?.first, byte != 10 {
      line.append(byte)
    }
    let text = String(decoding: line, as: UTF8.self)
    let prefix = "listening on "
    try #require(text.hasPrefix(prefix), "\(text)")
    url = String(text.dropFirst(prefix.count))
  }

  deinit { if process.isRunning { process.terminate() } }

  /// Sends SIGTERM; the exit status.
  func terminate() -> Int32 {
    process.terminate()
    process.waitUntilExit()
    return process.terminationStatus
  }
}
