import Foundation
import ModelFormats
import ONNXModels
import TestSupport
import Testing

/// Weights in a file beside the model: read from the model's folder and from nowhere else.
@Suite struct ExternalDataTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try FileManager.default.createDirectory(
      atPath: folder.file("model"), withIntermediateDirectories: false)
  }

  /// A tensor in another file.
  private func tensor(
    _ location: String, offset: String? = nil, length: String? = nil, name: String = "w"
  ) -> MessageBytes {
    MessageBytes { tensor in
      for dim: Int64 in [1, 1, 1, 1] { tensor.integer(1, dim) }
      tensor.integer(2, 1)
      tensor.text(8, name)
      for (key, value) in [("location", location), ("offset", offset), ("length", length)] {
        guard let value else { continue }
        tensor.message(
          13,
          MessageBytes {
            $0.text(1, key)
            $0.text(2, value)
          })
      }
      tensor.integer(14, 1)
    }
  }

  private func write(_ tensors: [MessageBytes], nodes: [MessageBytes]? = nil) throws {
    var model = ModelBytes()
    model.image = [1, 1, 1]
    model.tensors = tensors
    if let nodes { model.nodes = nodes }
    try folder.write([UInt8](model.data), to: "model/m.onnx")
  }

  private func imported(_ tensors: [MessageBytes], nodes: [MessageBytes]? = nil) throws
    -> DenseModel
  {
    try write(tensors, nodes: nodes)
    return try ONNXImport.model(contentsOf: URL(fileURLWithPath: folder.file("model/m.onnx")))
  }

  private func error(_ location: String, offset: String? = nil, length: String? = nil) -> ONNXError?
  {
    #expect(throws: ONNXError.self) {
      try imported([tensor(location, offset: offset, length: length)])
    }
  }

  private func write(_ values: [Float], to name: String) throws {
    try folder.write(values.withUnsafeBytes { Array($0) }, to: name)
  }

  @Test func valuesAreReadWhereTheyStand() throws {
    try write([7, 8, 9], to: "model/m.onnx.data")
    #expect(try imported([tensor("m.onnx.data")]).weights["the_Conv.weight"]?.values == [7])
    #expect(
      try imported([tensor("m.onnx.data", offset: "8", length: "4")])
        .weights["the_Conv.weight"]?.values == [9])
    try FileManager.default.createDirectory(
      atPath: folder.file("model/parts"), withIntermediateDirectories: false)
    try write([5], to: "model/parts/a.bin")
    #expect(try imported([tensor("parts/a.bin")]).weights["the_Conv.weight"]?.values == [5])
  }

  @Test func noPathLeavesTheFolder() throws {
    try write([7], to: "outside.data")
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("model/link.data"), withDestinationPath: folder.file("outside.data"))
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("model/up"), withDestinationPath: folder.path)
    for location in [
      "../outside.data", "parts/../../outside.data", folder.file("outside.data"), "link.data",
      "up/outside.data", "/dev/zero", "", ".", "..\\outside.data", "file:///etc/passwd",
    ] {
      let error = error(location)
      #expect(error?.code == "onnx_external_data", "\(location)")
      #expect(error?.description.contains("m.onnx': the values of tensor 'w'") == true)
    }
  }

  /// The cache of Hugging Face's hub: a folder of links to files that all lie in another one.
  @Test func linksOfACacheAreFollowed() throws {
    try write([7], to: "model/b1")
    try write([tensor("m.onnx.data")])
    try FileManager.default.moveItem(
      atPath: folder.file("model/m.onnx"), toPath: folder.file("model/b0"))
    try FileManager.default.createDirectory(
      atPath: folder.file("snapshot"), withIntermediateDirectories: false)
    for (name, blob) in [("m.onnx", "b0"), ("m.onnx.data", "b1")] {
      try FileManager.default.createSymbolicLink(
        atPath: folder.file("snapshot/\(name)"), withDestinationPath: "../model/\(blob)")
    }
    let model = try ONNXImport.model(
      contentsOf: URL(fileURLWithPath: folder.file("snapshot/m.onnx")))
    #expect(model.weights["the_Conv.weight"]?.values == [7])
  }

  @Test func filesThatDoNotHoldTheTensorAreNamed() throws {
    #expect(error("missing.data")?.description.contains("'missing.data' is not beside it") == true)
    try write([7, 8], to: "model/m.onnx.data")
    for (offset, length) in [
      ("8", nil), ("4", "8"), ("-4", nil), ("x", nil), ("0", "3"), ("9223372036854775807", "4"),
    ] as [(String, String?)] {
      #expect(
        error("m.onnx.data", offset: offset, length: length)?.code == "onnx_external_data",
        "\(offset)")
    }
  }

  /// Few bytes that ask for much: many tensors of one place.
  /// By whatever name a tensor calls it.
  @Test(arguments: ["m.onnx.data", "./m.onnx.data", ".//m.onnx.data"])
  func noFileGivesMoreThanItHas(again: String) throws {
    try write([7], to: "model/m.onnx.data")
    let two = [tensor("m.onnx.data"), tensor(again, name: "v")]
    let nodes = [
      ModelBytes.node("Conv", ["x", "w"], "a"), ModelBytes.node("Conv", ["a", "v"], "y"),
    ]
    let error = #expect(throws: ONNXError.self) { try imported(two, nodes: nodes) }
    #expect(error?.code == "onnx_external_data")
  }

  @Test func bytesAloneHaveNoFolder() throws {
    var model = ModelBytes()
    model.tensors = [tensor("m.onnx.data")]
    let data = model.data
    let error = #expect(throws: ONNXError.self) { try ONNXImport.model(data: data) }
    #expect(error?.description.contains("save the model with its weights inside") == true)
  }
}
