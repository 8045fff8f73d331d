import Foundation
import ModelFormats
import ServiceAPI
import TestSupport
import Testing

/// The programs on a data set in one file of NumPy's.
@Suite struct NumPyFileTests {
  /// The bright squares of `ToyFiles`.
  private func write(to folder: TemporaryFolder, shape: [Int] = [8, 8]) throws -> String {
    func part(_ each: Int, seed: UInt64) -> (images: [UInt8], labels: [UInt8]) {
      let (pixels, labels) = CornerSquares.images(each: each, seed: seed)
      return (
        NPZ.array("|u1", [labels.count] + shape, pixels),
        NPZ.array("|u1", [labels.count, 1], labels.map { UInt8($0) })
      )
    }
    let training = part(60, seed: 1)
    let test = part(20, seed: 2)
    let archive = NPZ.archive([
      ("x_train", training.images), ("y_train", training.labels), ("x_test", test.images),
      ("y_test", test.labels),
    ])
    try folder.write(archive, to: "squares.npz")
    return folder.file("squares.npz")
  }

  /// A personalisation changes its images as the universal model's training did.
  @Test func theUniversalModelsAugmentationIsKept() throws {
    let folder = try TemporaryFolder()
    let data = try write(to: folder)
    func crisp(_ arguments: [String]) throws -> CommandLineProgram.Outcome {
      let outcome = try CommandLineProgram.run("crisp", arguments)
      #expect(outcome.status == 0, "\(outcome.errors)")
      return outcome
    }
    _ = try crisp([
      "train", "--data", data, "--epochs", "1", "--batch", "20", "--no-flip", "--shift", "1",
      "--threads", "1", "--out", folder.file("universal.st"),
    ])
    let model = try DenseModel(contentsOf: URL(fileURLWithPath: folder.file("universal.st")))
    #expect(model.training?.contains(#""augmentation":{"flip":false,"shift":1}"#) == true)

    func augmentation(_ recipe: String) throws -> JSONValue? {
      let pruned = try crisp([
        "prune", "--model", folder.file("universal.st"), "--data", data, "--classes", "4,0",
        "--sparsity", "0.5", "--recipe", recipe, "--threads", "1", "--json", "--out",
        folder.file("small.st"),
      ])
      return try pruned.json(JSONValue.self)["recipe"]?["augmentation"]
    }
    let short =
      #""iterations": 1, "dense_epochs": 0, "final_epochs": 0, "samples_per_class": 20"#
    let kept: JSONValue = .object(["flip": .bool(false), "shift": .integer(0)])
    let asked: JSONValue = .object(["flip": .bool(true), "shift": .integer(0)])
    #expect(try augmentation("{\(short)}") == kept)
    #expect(
      try augmentation(#"{\#(short), "augmentation": {"flip": true, "shift": 0}}"#)
        == asked)
  }

  @Test func filesAreRegistered() throws {
    let folder = try TemporaryFolder()
    let data = try write(to: folder)
    func add(_ more: [String]) throws -> CommandLineProgram.Outcome {
      try CommandLineProgram.run(
        "crisp-server", ["dataset", "add", "--db", folder.file("crisp.sqlite"), "squares"] + more)
    }
    let added = try add([data])
    #expect(added.output.contains("5 classes, format npz"), "\(added.output)\(added.errors)")
    #expect(try add([data, "--format", "npz"]).output == added.output, "again changes nothing")
    #expect(try add([data, "--format", "idx"]).status != 0)
  }

  /// Channels before rows is a form that has to be asked for; every command that reads data can be.
  @Test func everyCommandTakesTheFormOnRequest() throws {
    let folder = try TemporaryFolder()
    let workshop = try #require(CrispTests.workshop)
    let model = workshop.file("universal.st")
    let data = try write(to: folder, shape: [1, 8, 8])
    func crisp(_ arguments: [String]) throws -> CommandLineProgram.Outcome {
      try CommandLineProgram.run("crisp", arguments)
    }
    let dict = try crisp(["convert", model, folder.file("torch.st"), "--format", "state-dict"])
    try #require(dict.status == 0, "\(dict.errors)")
    let form = ["--data-format", "npz-nchw"]
    let named = ["--data", data, "--labels", workshop.file("labels.txt")]
    let classes = ["--classes", "middle,top left"]
    let commands = [
      ["train", "--data", data, "--epochs", "1", "--threads", "1", "--out", folder.file("t.st")],
      ["evaluate", model] + named, ["estimate", model] + named,
      ["prune", "--dry-run", "--model", model] + classes + named,
      ["compare", "--dry-run", "--model", model, "--variant", "hybrid"] + classes + named,
      ["convert", folder.file("torch.st"), folder.file("c.st"), "--dataset", data],
    ]
    for command in commands {
      let asked = try crisp(command + form)
      #expect(asked.status == 0, "\(command): \(asked.errors)")
      let plain = try crisp(command)
      #expect(plain.status != 0, "\(command): \(plain.output)")
    }
    let alone = try crisp(["convert", model, folder.file("c.st")] + form)
    #expect(alone.errors.contains("--dataset is read, which is missing"), "\(alone.errors)")
  }

  @Test func shiftsHaveBounds() throws {
    let outcome = try CommandLineProgram.run("crisp", ["train", "--shift", "65", "--out", "x"])
    #expect(outcome.status != 0 && outcome.errors.contains("--shift must be 0 to 64"))
  }
}
