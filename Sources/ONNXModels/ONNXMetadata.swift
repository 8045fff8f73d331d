import Foundation
import Inputs
import ModelFormats

/// The texts that this project's exports carry in `metadata_props`, under the same keys as the
/// metadata of its safetensors files (see `DenseModel` and `PackedModel`).
struct ONNXMetadata {
  enum Key: String {
    case labels, preprocessing, architecture, dataset, training, pattern, recipe, accuracy, seed
    case generator
    case baseModelDigest = "base_model_digest"
    case dataDigest = "data_digest"
  }

  private var texts: [String: String]
  /// Whether another program wrote them: they may mean anything then.
  let isForeign: Bool

  init() { (texts, isForeign) = ([:], false) }

  /// - Parameter isForeign: Of other programs only ``Key/labels`` and ``Key/preprocessing`` are kept, which
  ///   people write by hand.
  init(_ properties: [ONNXProperty], isForeign: Bool) {
    texts = Dictionary(properties.map { ($0.key, $0.value) }) { first, _ in first }
    if isForeign {
      texts = texts.filter { [Key.labels, .preprocessing].map(\.rawValue).contains($0.key) }
    }
    self.isForeign = isForeign
  }

  subscript(_ key: Key) -> String? {
    get { texts[key.rawValue] }
    set { texts[key.rawValue] = newValue }
  }

  /// The properties in a fixed order.
  var properties: [ONNXProperty] {
    texts.sorted { $0.key < $1.key }.map { key, value in
      var property = ONNXProperty()
      property.key = key
      property.value = value
      return property
    }
  }

  /// A value in JSON, nil when there is none; and, since other programs use the same words for their
  /// own texts, where one of those wrote what it is not.
  func decoded<Value: Decodable>(_ key: Key, as type: Value.Type) throws(ONNXError) -> Value? {
    guard let text = self[key] else { return nil }
    do {
      try JSONReader.check(Array(text.utf8), limits: JSONLimits(depth: 16))
      return try JSONDecoder().decode(type, from: Data(text.utf8))
    } catch {
      if isForeign { return nil }
      switch error {
      case let error as FormatError: throw .model(error)
      case let fault as JSONFault:
        throw .invalidMetadata(
          key: key.rawValue, reason: "it is not JSON: \(fault.reason) (byte \(fault.offset + 1))")
      default: throw .invalidMetadata(key: key.rawValue, reason: "it cannot be decoded")
      }
    }
  }

  mutating func set(_ key: Key, json value: some Encodable) throws(ONNXError) {
    do {
      self[key] = try CanonicalJSON.text(value)
    } catch {
      throw .invalidMetadata(key: key.rawValue, reason: "it cannot be written as JSON")
    }
  }
}
