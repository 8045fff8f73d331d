import Foundation
import ServiceAPI
import TestSupport
import Testing

/// The programs on a folder of pictures.
@Suite struct PictureFolderTests {
  @Test func picturesTrainPruneEvaluateAndPredict() throws {
    let folder = try TemporaryFolder()
    try ToyFiles.writePictures(to: folder)
    func crisp(_ arguments: [String]) throws -> CommandLineProgram.Outcome {
      let outcome = try CommandLineProgram.run("crisp", arguments)
      #expect(outcome.status == 0, "\(outcome.errors)")
      return outcome
    }
    let data = folder.path
    let trained = try crisp([
      "train", "--data", data, "--epochs", "3", "--batch", "20", "--learning-rate", "0.05",
      "--threads", "2", "--out", folder.file("universal.st"),
    ])
    #expect(trained.errors.contains("warning: skipped images"), "\(trained.errors)")
    let inspected = try crisp(["inspect", folder.file("universal.st"), "--json"])
    #expect(inspected.output.contains("resize") == false, "small pictures stay as they are")

    _ = try crisp([
      "prune", "--model", folder.file("universal.st"), "--data", data, "--classes",
      "middle,top left", "--sparsity", "0.5", "--recipe", CrispTests.shortRecipe, "--threads", "2",
      "--out", folder.file("small.st"),
    ])
    let evaluated = try crisp(["evaluate", folder.file("small.st"), "--data", data, "--json"])
    let report = try evaluated.json(JSONValue.self)
    #expect(report["images"]?.double == 40)
    #expect(report["skipped"]?.double == 1)
    #expect(evaluated.errors.contains("1 of the test split"))

    let predicted = try crisp([
      "predict", folder.file("small.st"), folder.file("test/middle/4.png"), "--top", "1",
    ])
    #expect(predicted.output.contains("4.png:"))
  }

  @Test func pictureFoldersAreRegistered() throws {
    let folder = try TemporaryFolder()
    try ToyFiles.writePictures(to: folder)
    func add(_ more: [String]) throws -> CommandLineProgram.Outcome {
      try CommandLineProgram.run(
        "crisp-server",
        ["dataset", "add", "--db", folder.file("crisp.sqlite"), "pictures", folder.path] + more)
    }
    let wrong = try add(["--format", "cifar"])
    #expect(wrong.status != 0 && wrong.errors.contains("CIFAR"), "\(wrong.errors)")
    #expect(try add(["--labels", folder.file("nowhere")]).status != 0)
    let added = try add([])
    #expect(added.output.contains("5 classes, format folder"), "\(added.output)\(added.errors)")
    #expect(try add(["--format", "folder"]).output == added.output, "again changes nothing")
  }
}
