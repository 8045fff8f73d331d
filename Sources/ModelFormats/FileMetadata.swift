import Inputs
import NeuralGraph

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Typed access to the texts under `__metadata__`. JSON is written with sorted keys, so that the
/// same model gives the same bytes.
struct FileMetadata {
  enum Key: String {
    case format
    case version = "format_version"
    case graph, labels, preprocessing, architecture, dataset, training
    case axisOrder = "axis_order"
    case pattern
    case packedLayers = "packed_layers"
    case recipe, seed, accuracy, generator
    case baseModelDigest = "base_model_digest"
    case dataDigest = "data_digest"
  }

  /// The longest text that is decoded or written as JSON: a graph of 27,000 nodes. Decoding takes up
  /// to 27 times a hostile text's size, measured.
  static let longestJSON = 1 << 22

  /// Arrays and objects in one another, of texts that are JSON of any shape: recipes and accuracies
  /// have four.
  static let deepestJSON = 64

  private(set) var texts: [String: String]
  /// The format's version.
  let version: Int

  /// Metadata to be written as that version of that format.
  init(format: String, version: Int = 1) {
    texts = [Key.format.rawValue: format, Key.version.rawValue: String(version)]
    self.version = version
  }

  /// Metadata that was read; throws unless it is one of these versions of that format.
  init(
    _ texts: [String: String], format: String, versions: ClosedRange<Int> = 1...1
  ) throws(FormatError) {
    let found = try FileMetadata.text(.format, of: texts)
    guard found == format else { throw .wrongFormat(expected: format, found: found) }
    let version = try FileMetadata.text(.version, of: texts)
    // As texts: "01" is no version.
    guard let number = versions.first(where: { String($0) == version }) else {
      throw .unknownVersion(version)
    }
    self.texts = texts
    self.version = number
  }

  func optional(_ key: Key) -> String? { texts[key.rawValue] }

  func text(_ key: Key) throws(FormatError) -> String { try FileMetadata.text(key, of: texts) }

  private static func text(
    _ key: Key, of texts: [String: String]
  ) throws(FormatError) -> String {
    guard let text = texts[key.rawValue] else { throw .missingMetadata(key.rawValue) }
    return text
  }

  func json<Value: Decodable>(_ key: Key, as type: Value.Type) throws(FormatError) -> Value {
    let text = try FileMetadata.checkLength(text(key), key)
    // Foundation's decoder is laxer: of two members of one name it takes either.
    try FileMetadata.checkJSON(text, key)
    do {
      return try JSONDecoder().decode(type, from: Data(text.utf8))
    } catch let error as GraphError {
      throw .graph(error)
    } catch let error as FormatError {
      throw error
    } catch let error as DecodingError {
      throw .invalidMetadata(key: key.rawValue, reason: FileMetadata.reason(error))
    } catch {
      throw .invalidMetadata(key: key.rawValue, reason: "\(error)")
    }
  }

  /// A text that must itself be JSON, of whatever shape.
  func opaqueJSON(_ key: Key) throws(FormatError) -> String {
    try FileMetadata.checkJSON(text(key), key)
  }

  @discardableResult
  static func checkJSON(_ text: String, _ key: Key) throws(FormatError) -> String {
    do {
      // No values are built: a parser makes of a hostile text many times its size.
      try JSONReader.check(Array(text.utf8), limits: JSONLimits(depth: deepestJSON))
    } catch {
      throw .invalidMetadata(
        key: key.rawValue, reason: "it is not JSON: \(error.reason) (byte \(error.offset))")
    }
    return text
  }

  mutating func set(_ key: Key, _ text: String?) { texts[key.rawValue] = text }

  mutating func set(_ key: Key, json value: some Encodable) throws(FormatError) {
    let text: String
    do {
      text = try CanonicalJSON.text(value)
    } catch {
      throw .invalidMetadata(key: key.rawValue, reason: "it cannot be written as JSON")
    }
    texts[key.rawValue] = try FileMetadata.checkLength(text, key)
  }

  private static func checkLength(_ text: String, _ key: Key) throws(FormatError) -> String {
    guard text.utf8.count <= longestJSON else {
      throw .invalidMetadata(
        key: key.rawValue,
        reason: "it has \(text.utf8.count) bytes; at most \(longestJSON) are read")
    }
    return text
  }

  private static func reason(_ error: DecodingError) -> String {
    func path(_ context: DecodingError.Context) -> String {
      let keys = context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }
      return keys.isEmpty ? "it" : "'\(keys.joined(separator: "."))'"
    }
    switch error {
    case .keyNotFound(let key, let context):
      return "\(path(context)) lacks '\(key.stringValue)'"
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
      return "\(path(context)) is of the wrong type"
    case .dataCorrupted(let context):
      return "\(path(context)): \(context.debugDescription)"
    @unknown default:
      return "it cannot be decoded"
    }
  }
}
