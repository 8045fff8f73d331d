import Foundation
import ServiceAPI
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
    let data = folder.url.path
    let trained = try crisp([
      "train", "--data", data, "--epochs", "3", "--batch", "20", "--learning-rate", "0.05",
      "--threads", "2", "--out", folder.path("universal.st"),
    ])
    #expect(trained.errors.contains("warning: skipped images"), "\(trained.errors)")
    let inspected = try crisp(["inspect", folder.path("universal.st"), "--json"])
    #expect(inspected.output.contains("resize") == false, "small pictures stay as they are")

    _ = try crisp([
      "prune", "--model", folder.path("universal.st"), "--data", data, "--classes",
      "middle,top left", "--sparsity", "0.5", "--recipe", CrispTests.shortRecipe, "--threads", "2",
      "--out", folder.path("small.st"),
    ])
    let evaluated = try crisp(["evaluate", folder.path("small.st"), "--data", data, "--json"])
    let report = try evaluated.json(JSONValue.self)
    #expect(report["images"]?.double == 40)
    #expect(report["skipped"]?.double == 1)
    #expect(evaluated.errors.contains("1 of the test split"))

    let predicted = try crisp([
      "predict", folder.path("small.st"), folder.path("test/middle/0.png"), "--top", "1",
    ])
    #expect(predicted.output.contains("0.png:"))
  }

  @Test func pictureFoldersAreRegistered() throws {
    let folder = try TemporaryFolder()
    try ToyFiles.writePictures(to: folder)
    func add(_ more: [String]) throws -> CommandLineProgram.Outcome {
      try CommandLineProgram.run(
        "crisp-server",
        ["dataset", "add", "--db", folder.path("crisp.sqlite"), "pictures", folder.url.path] + more)
    }
    let wrong = try add(["--format", "cifar"])
    #expect(wrong.status != 0 && wrong.errors.contains("CIFAR"), "\(wrong.errors)")
    #expect(try add(["--labels", folder.path("nowhere")]).status != 0)
    let added = try add([])
    #expect(added.output.contains("5 classes, format folder"), "\(added.output)\(added.errors)")
    #expect(try add(["--format", "folder"]).output == added.output, "again changes nothing")
  }
}
