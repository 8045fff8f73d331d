import Foundation
import ModelFormats
import NeuralGraph
import Testing

/// Weights that no network can compute with are refused by name at every door.
@Suite struct WeightValueTests {
  private func code(_ body: () throws(FormatError) -> Void) -> String? {
    do {
      try body()
      return nil
    } catch {
      return error.code
    }
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity, .signalingNaN])
  func denseModels(value: Float) throws {
    let good = try TestModels.dense()
    for name in ["stem.weight", "fc.bias", "conv_bn.running_var"] {
      var weights = good.weights
      let index = (weights[name]?.values.count ?? 1) - 1
      weights[name]?.values[index] = value
      let error = #expect(throws: FormatError.self) {
        try DenseModel(description: good.description, weights: weights)
      }
      #expect(error?.code == "weight_not_finite")
      #expect(error?.description.contains("'\(name)' is not a number at position \(index)") == true)
      // And from a file.
      var writer = SafetensorsWriter(
        metadata: try SafetensorsFile(data: good.serialized()).metadata)
      for (name, tensor) in weights { try writer.add(name, tensor) }
      #expect(throws: FormatError.self) { try DenseModel(data: writer.serialized()) }
    }
  }

  @Test func negativeVariances() throws {
    let good = try TestModels.dense()
    var weights = good.weights
    weights["conv_bn.running_var"]?.values[3] = -1e-3
    #expect(
      code { () throws(FormatError) in
        _ = try DenseModel(description: good.description, weights: weights)
      } == "negative_variance")
    // Nothing else need be positive.
    weights = good.weights
    weights["conv_bn.running_mean"]?.values[3] = -1e-3
    #expect(
      code { () throws(FormatError) in
        _ = try DenseModel(description: good.description, weights: weights)
      } == nil)
  }

  /// Whole numbers are always finite.
  @Test(arguments: [Precision.float32, .float16]) func packedModels(precision: Precision) throws {
    let file = try TestModels.packed().serialized(precision: precision)
    #expect(code { () throws(FormatError) in _ = try PackedModel(data: file) } == nil)
    let entries = try SafetensorsFile(data: file).entries
    let header = file.withUnsafeBytes { Int($0.loadUnaligned(as: UInt64.self)) } + 8
    for (name, tensor) in [
      ("conv.weight.values", "conv.weight.values"), ("stem.bias", "stem.bias"),
    ] {
      let entry = try #require(entries[name])
      var broken = file
      // All bits of the exponent: NaN of either size.
      for byte in 0..<entry.type.size { broken[header + entry.begin + byte] = 0x7F }
      if entry.type.size == 4 { broken[header + entry.begin + 2] = 0xFF }
      let error = #expect(throws: FormatError.self) { try PackedModel(data: broken) }
      #expect(error?.code == "weight_not_finite")
      #expect(error?.description.contains("'\(tensor)'") == true)
    }
  }
}
