import Foundation
import ModelFormats
import ServiceAPI
import TestSupport
import Testing

/// `crisp convert` from the outside, on the toy model.
@Suite struct ConvertTests {
  private func convert(
    _ folder: TemporaryFolder, _ source: String, _ target: String, _ more: String...
  )
    throws -> CommandLineProgram.Outcome
  {
    try CommandLineProgram.run(
      "crisp", ["convert", folder.file(source), folder.file(target)] + more)
  }

  @Test func pyTorchAndBack() throws {
    let folder = try #require(CrispTests.workshop)
    let out = try convert(folder, "universal.st", "torch.st", "--format", "state-dict", "--json")
    #expect(out.status == 0, "\(out.errors)")
    #expect(try out.json(JSONValue.self)["format"]?.text == "state-dict")
    #expect(try folder.text("torch.st").contains("layer1.0.bn1.num_batches_tracked"))

    let back = try convert(
      folder, "torch.st", "back.st", "--dataset", folder.path, "--json")
    #expect(back.status == 0, "\(back.errors)")
    let report = try back.json(JSONValue.self)
    #expect(report["architecture"]?.text == "resnet20")
    #expect(report["input"]?.text == "1x8x8")
    #expect(report["classes"]?.double == 5)
    #expect(report["format"]?.text == "crisp-dense")

    // The same model: same tensors, labels and statistics, so the same accuracy.
    func accuracy(_ file: String) throws -> JSONValue? {
      try CommandLineProgram.run(
        "crisp", ["evaluate", folder.file(file), "--data", folder.path, "--json"]
      ).json(JSONValue.self)["perClass"]
    }
    #expect(try accuracy("back.st") == accuracy("universal.st"))
  }

  @Test func toONNXAndBack() throws {
    let folder = try #require(CrispTests.workshop)
    let out = try convert(folder, "universal.st", "universal.onnx", "--json")
    #expect(out.status == 0, "\(out.errors)")
    #expect(try out.json(JSONValue.self)["format"]?.text == "onnx")
    // The file says everything about itself: nothing has to be stated, and nothing is lost.
    let back = try convert(folder, "universal.onnx", "from-onnx.st")
    #expect(back.status == 0, "\(back.errors)")
    let files = try ["universal.st", "from-onnx.st"].map { try folder.text($0) }
    #expect(files[0] == files[1])
  }

  @Test func prunedModelsBecomeDenseOnes() throws {
    let folder = try #require(CrispTests.workshop)
    let pruned = try CrispTests.prune(folder, to: "converted.st", classes: "middle,top left")
    #expect(pruned.status == 0, "\(pruned.errors)")
    let dense = try convert(folder, "converted.st", "dense.st")
    #expect(dense.status == 0, "\(dense.errors)")
    #expect(dense.output.contains("crisp-dense, resnet20, input 1x8x8, 2 classes"))
    let torch = try convert(folder, "converted.st", "pruned-torch.st", "--format", "state-dict")
    #expect(torch.status == 0, "\(torch.errors)")
    #expect(try folder.text("pruned-torch.st").contains("layer3.2.bn2.running_var"))

    // And the tensors are those of resnet20 with two classes.
    let again = try convert(
      folder, "pruned-torch.st", "again-dense.st", "--labels", "middle,top left", "--input",
      "1x8x8",
      "--mean", "0.3", "--std", "0.2")
    #expect(again.status == 0, "\(again.errors)")
    #expect(again.output.contains("resnet20"))
  }

  static let mistakes: [([String], [String])] = [
    (["/nowhere/model.st", "x"], ["/nowhere/model.st"]),
    (["LABELS", "x"], ["labels.txt", "header"]),
    (["PICKLE", "x"], ["torch.save", "save_file(model.state_dict()"]),
    (
      ["UNIVERSAL", "x", "--labels", "a,b", "--arch", "resnet20"],
      ["--arch, --labels", "state dict"]
    ),
    (["TORCH", "x"], ["torch.st': the file does not say the size", "--input"]),
    (["TORCH", "x", "--input", "1x8x8"], ["--labels", "5 classes"]),
    (["TORCH", "x", "--input", "1x8x8", "--labels", "a,b,c,d,e"], ["--mean"]),
    (
      ["TORCH", "x", "--input", "1x8x8", "--labels", "LABELS", "--mean", "0.1,0.2", "--std", "1"],
      ["1 channels"]
    ),
    (["TORCH", "x", "--dataset", "DATA", "--labels", "a,b"], ["5 classes", "2 labels"]),
    (["TORCH", "x", "--dataset", "DATA", "--labels", "a,,c,d,e"], ["class 1 has no name"]),
    (["TORCH", "x", "--dataset", "DATA", "--labels", "/nowhere/names"], ["/nowhere/names"]),
    (
      ["TORCH", "x", "--dataset", "DATA", "--arch", "resnet34"],
      ["'conv1.weight'", "[64, 1, 3, 3]"]
    ),
    (["TORCH", "x", "--dataset", "DATA", "--arch", "lenet"], ["'lenet'", "resnet50"]),
    (["TORCH", "x", "--input", "2x8"], ["2x8"]),
    (["UNIVERSAL", "x.pt", "--format", "state-dict"], ["'x.pt'", "safetensors.torch.load_file"]),
    (["TORCH", "x", "--dataset", "/nowhere/data"], ["/nowhere/data"]),
  ]

  @Test(arguments: mistakes) func mistakesAreExplained(arguments: [String], words: [String]) throws
  {
    let folder = try #require(CrispTests.workshop)
    let own = try TemporaryFolder()
    let made = try CommandLineProgram.run(
      "crisp",
      ["convert", folder.file("universal.st"), own.file("torch.st"), "--format", "state-dict"])
    #expect(made.status == 0, "\(made.errors)")
    try own.write(Array("PK\u{3}\u{4} and so on".utf8), to: "model.pth")
    let places = [
      "UNIVERSAL": folder.file("universal.st"), "DATA": folder.path,
      "LABELS": folder.file("labels.txt"), "TORCH": own.file("torch.st"),
      "PICKLE": own.file("model.pth"), "x": own.file("x"),
    ]
    let outcome = try CommandLineProgram.run(
      "crisp", ["convert"] + arguments.map { places[$0] ?? $0 })
    #expect(outcome.status != 0)
    #expect(outcome.errors.hasPrefix("Error:"), "\(outcome.errors)")
    for word in words { #expect(outcome.errors.contains(word), "\(outcome.errors)") }
    #expect(!FileManager.default.fileExists(atPath: own.file("x")))
  }

  /// One kind for each folder of inputs that people reported.
  @Test func kindsAndPrefixesAreTold() throws {
    let folder = try #require(CrispTests.workshop)
    let own = try TemporaryFolder()
    let made = try CommandLineProgram.run(
      "crisp", ["convert", folder.file("universal.st"), own.file("net.onnx")])
    #expect(made.status == 0, "\(made.errors)")
    // By content, whatever the name.
    try FileManager.default.moveItem(atPath: own.file("net.onnx"), toPath: own.file("net.bin"))
    let back = try CommandLineProgram.run(
      "crisp", ["convert", own.file("net.bin"), own.file("back.st")])
    #expect(back.status == 0, "\(back.errors)")
    let wrong = try CommandLineProgram.run(
      "crisp", ["predict", own.file("net.bin"), folder.file("labels.txt")])
    #expect(wrong.errors.contains("an ONNX file") && wrong.errors.contains("crisp convert"))
    let folderError = try CommandLineProgram.run("crisp", ["inspect", own.path])
    #expect(folderError.errors.contains("it is a folder"), "\(folderError.errors)")

    let dict = try CommandLineProgram.run(
      "crisp",
      ["convert", folder.file("universal.st"), own.file("torch.st"), "--format", "state-dict"])
    #expect(dict.status == 0, "\(dict.errors)")
    var writer = SafetensorsWriter(metadata: ["format": "pt"])
    let file = try SafetensorsFile(contentsOf: URL(fileURLWithPath: own.file("torch.st")))
    for (name, tensor) in try file.weights() { try writer.add("module.\(name)", tensor) }
    try writer.serialized().write(to: URL(fileURLWithPath: own.file("wrapped.st")))
    let unwrapped = try CommandLineProgram.run(
      "crisp", ["convert", own.file("wrapped.st"), own.file("out.st"), "--dataset", folder.path])
    #expect(unwrapped.status == 0, "\(unwrapped.errors)")
    #expect(unwrapped.errors.contains("read without 'module.'"), "\(unwrapped.errors)")
  }

  /// In two files with an index, as large models are handed round, for `crisp` and the server alike.
  @Test func modelsInSeveralFilesAreOne() throws {
    let folder = try #require(CrispTests.workshop)
    let own = try TemporaryFolder()
    let dict = try CommandLineProgram.run(
      "crisp",
      ["convert", folder.file("universal.st"), own.file("torch.st"), "--format", "state-dict"])
    #expect(dict.status == 0, "\(dict.errors)")
    let weights = try SafetensorsFile(contentsOf: URL(fileURLWithPath: own.file("torch.st")))
      .weights()
    var map: [String: String] = [:]
    for part in 0..<2 {
      var writer = SafetensorsWriter(metadata: ["format": "pt"])
      let name = "model-0000\(part + 1)-of-00002.safetensors"
      for (index, tensor) in weights.sorted(by: { $0.key < $1.key }).enumerated()
      where index % 2 == part {
        try writer.add(tensor.key, tensor.value)
        map[tensor.key] = name
      }
      try writer.serialized().write(to: URL(fileURLWithPath: own.file(name)))
    }
    let index = own.file("model.safetensors.index.json")
    try JSONEncoder().encode(["weight_map": map]).write(to: URL(fileURLWithPath: index))
    func convert(_ file: String, _ target: String) throws -> CommandLineProgram.Outcome {
      try CommandLineProgram.run(
        "crisp", ["convert", file, own.file(target), "--dataset", folder.path])
    }
    let whole = try convert(own.file("torch.st"), "whole.st")
    #expect(whole.status == 0, "\(whole.errors)")
    let parts = try convert(index, "parts.st")
    #expect(parts.status == 0, "\(parts.errors)")
    #expect(try own.text("parts.st") == own.text("whole.st"))
    let told = try CommandLineProgram.run("crisp", ["inspect", index])
    #expect(told.errors.contains("'crisp convert INDEX model.safetensors'"), "\(told.errors)")

    let database = own.file("crisp.sqlite")
    func server(_ arguments: String...) throws -> CommandLineProgram.Outcome {
      try CommandLineProgram.run("crisp-server", arguments)
    }
    #expect(try server("dataset", "add", "--db", database, "toy", folder.path).status == 0)
    let added = try server("base-model", "add", "--db", database, "net", index, "--dataset", "toy")
    #expect(added.output.contains("'net': 5 classes"), "\(added.output)\(added.errors)")
    try FileManager.default.removeItem(atPath: own.file("model-00002-of-00002.safetensors"))
    for missing in [
      try convert(index, "x.st"),
      try server("base-model", "add", "--db", database, "other", index, "--dataset", "toy"),
    ] {
      #expect(
        missing.errors.contains(
          "index.json': of the model's files, 'model-00002-of-00002.safetensors' is not beside it"),
        "\(missing.errors)")
      #expect(missing.status != 0)
    }
  }

  @Test func serversTakeStateDictsAndONNXToo() throws {
    let folder = try #require(CrispTests.workshop)
    let own = try TemporaryFolder()
    let made = try CommandLineProgram.run(
      "crisp",
      ["convert", folder.file("universal.st"), own.file("torch.st"), "--format", "state-dict"])
    #expect(made.status == 0, "\(made.errors)")
    let database = own.file("crisp.sqlite")
    func server(_ arguments: String...) throws -> CommandLineProgram.Outcome {
      try CommandLineProgram.run("crisp-server", arguments)
    }
    #expect(try server("dataset", "add", "--db", database, "toy", folder.path).status == 0)
    let added = try server(
      "base-model", "add", "--db", database, "net", own.file("torch.st"), "--dataset", "toy")
    #expect(added.status == 0, "\(added.errors)")
    #expect(added.output.contains("'net': 5 classes"), "\(added.output)")
    #expect(added.output.contains("tried: "), "\(added.output)")
    let exported = try CommandLineProgram.run(
      "crisp", ["convert", folder.file("universal.st"), own.file("net.onnx")])
    #expect(exported.status == 0, "\(exported.errors)")
    let imported = try server(
      "base-model", "add", "--db", database, "onnx-net", own.file("net.onnx"), "--dataset", "toy")
    #expect(imported.status == 0, "\(imported.errors)")
    #expect(imported.output.contains("'onnx-net': 5 classes"), "\(imported.output)")
    let wrong = try server(
      "base-model", "add", "--db", database, "other", own.file("torch.st"), "--dataset", "toy",
      "--arch", "resnet32")
    #expect(wrong.status != 0)
    #expect(wrong.errors.contains("torch.st") && wrong.errors.contains("is missing"))
  }
}
