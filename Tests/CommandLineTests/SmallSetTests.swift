import Foundation
import ServiceAPI
import TestSupport
import Testing

/// Data sets with a few pictures, and with files that are none.
@Suite struct SmallSetTests {
  private func crisp(_ arguments: String...) throws -> CommandLineProgram.Outcome {
    try CommandLineProgram.run("crisp", arguments)
  }

  private func pictures(_ each: Int, side: Int = 8) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for (split, count) in [("train", each), ("test", 2)] {
      for (label, name) in ["ant", "bee", "cat"].enumerated() {
        let path = folder.file("\(split)/\(name)")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        for index in 0..<count {
          let pixels = (0..<side * side * 3).map { position -> UInt8 in
            let own: Int = position % 3 == label ? 150 : 0
            return UInt8((position * 7 + index) % 100 + own)
          }
          try folder.write(
            Pictures.png(width: side, height: side, channels: 3, pixels: pixels),
            to: "\(split)/\(name)/\(index).png")
        }
      }
    }
    return folder
  }

  private func train(_ folder: TemporaryFolder, _ more: String...) throws
    -> CommandLineProgram.Outcome
  {
    try CommandLineProgram.run(
      "crisp",
      [
        "train", "--width", "0.125", "--data", folder.path, "--epochs", "1", "--threads", "1",
        "--out", folder.file("t.st"),
      ] + more)
  }

  @Test func threePicturesMakeAModelOfWhichNothingIsMeasured() throws {
    let folder = try pictures(1)
    let trained = try CommandLineProgram.run(
      "crisp",
      [
        "train", "--width", "0.125", "--data", folder.path, "--epochs", "1", "--threads", "1",
        "--batch", "65536", "--out", folder.file("t.st"),
      ], memoryKilobytes: 4 << 20)
    #expect(trained.status == 0, "\(trained.errors)")
    #expect(trained.errors.contains("--batch 65536 is cut to 3"), "\(trained.errors)")
    #expect(trained.output.contains("validation not measured"), "\(trained.output)")
    let evaluated = try crisp(
      "evaluate", folder.file("t.st"), "--data", folder.path, "--split", "validation")
    #expect(evaluated.status != 0)
    #expect(evaluated.errors.contains("from five images a class on"), "\(evaluated.errors)")
    let tested = try crisp("evaluate", folder.file("t.st"), "--data", folder.path)
    #expect(tested.output.contains("on 6 test images"))

    let floor = try crisp(
      "prune", "--model", folder.file("t.st"), "--data", folder.path, "--classes", "ant,bee",
      "--min-accuracy", "0.5", "--out", folder.file("p.st"))
    #expect(floor.status != 0)
    #expect(floor.errors.contains("leave 'min_accuracy' out"), "\(floor.errors)")
    let pruned = try crisp(
      "prune", "--model", folder.file("t.st"), "--data", folder.path, "--classes", "ant,bee",
      "--sparsity", "0", "--recipe", "{\"iterations\": 1, \"final_epochs\": 1}", "--threads", "1",
      "--out", folder.file("p.st"), "--card", folder.file("card.json"))
    #expect(pruned.status == 0, "\(pruned.errors)")
    #expect(pruned.errors.contains("batch_size 64 is cut to 2"), "\(pruned.errors)")
    #expect(try !folder.text("card.json").contains("validation_accuracy"))
  }

  /// Batch norm's running means begin at no image at all; 18 images less a tenth are 3 updates of 5 an
  /// epoch, and 44 updates leave a hundredth of that beginning.
  @Test func theFirstEpochsOfASmallSetSayThatTheirMeansSettle() throws {
    func epochs(_ architecture: String, _ folder: TemporaryFolder) throws -> [String] {
      let trained = try crisp(
        "train", "--arch", architecture, "--width", "0.125", "--data", folder.path, "--epochs",
        "16", "--batch", "5", "--learning-rate", "0.001", "--threads", "1", "--out",
        folder.file("t.st"))
      #expect(trained.status == 0, "\(trained.errors)")
      return trained.errors.split(separator: "\n").map(String.init)
        .filter { $0.contains("validation") }
    }
    let lines = try epochs("resnet20", pictures(6))
    let told = lines.map { $0.contains("may be too low until batch normalisation's") }
    #expect(told == [Bool](repeating: true, count: 14) + [false, false], "\(lines)")
    #expect(lines[13].hasSuffix("after some 44 updates; 42 are done)"), "\(lines)")
    // Without batch norm there is nothing to wait for.
    let others = try epochs("vgg16", pictures(6, side: 32))
    #expect(others.count == 16 && !others.contains { $0.contains("settle") }, "\(others)")
  }

  @Test func whatIsLeftOutIsCounted() throws {
    let folder = try pictures(6)
    try folder.write([1], to: "train/ant/a.tiff")
    try FileManager.default.createDirectory(
      atPath: folder.file("train/ant/sub"), withIntermediateDirectories: true)
    for index in 0..<4 {
      try FileManager.default.moveItem(
        atPath: folder.file("train/ant/\(index).png"),
        toPath: folder.file("train/ant/sub/\(index).png"))
    }
    let said = ["1 .tiff", "4 pictures in folders within class folders"]
    let trained = try train(folder)
    let added = try CommandLineProgram.run(
      "crisp-server", ["dataset", "add", "--db", folder.file("a.sqlite"), "x", folder.path])
    let pruned = try crisp(
      "prune", "--model", folder.file("t.st"), "--data", folder.path, "--classes", "ant,bee",
      "--dry-run")
    for text in [trained.errors, added.output, pruned.errors] {
      for words in said { #expect(text.contains(words), "\(text)") }
    }
    #expect(added.output.contains("12 training, 2 validation, 6 test images"), "\(added.output)")

    let nested = try train(folder, "--data-format", "nested-folder")
    #expect(!nested.errors.contains("within class folders") && nested.status == 0)
    let again = try CommandLineProgram.run(
      "crisp-server",
      [
        "dataset", "add", "--db", folder.file("b.sqlite"), "x", folder.path, "--format",
        "nested-folder",
      ])
    #expect(again.output.contains("format nested-folder"), "\(again.output)\(again.errors)")
  }
}
