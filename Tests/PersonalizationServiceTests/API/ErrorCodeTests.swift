import Foundation
import HTTPServer
import ServiceAPI
import Testing

/// The tables of stable error codes in the OpenAPI document hold what the sources can say. The sources
/// are searched: an enumeration with associated values cannot list itself.
@Suite struct ErrorCodeTests {
  private static let sources = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Sources")

  private func text(_ path: String) throws -> String {
    try String(contentsOf: Self.sources.appending(path: path), encoding: .utf8)
  }

  private func matches(_ pattern: String, in text: String) throws -> Set<String> {
    let expression = try NSRegularExpression(pattern: pattern)
    let all = NSRange(text.startIndex..., in: text)
    return Set(
      expression.matches(in: text, range: all).compactMap { match in
        Range(match.range(at: 1), in: text).map { String(text[$0]) }
      })
  }

  /// The codes of an error type: the texts in its `code` property.
  private func codes(of path: String) throws -> Set<String> {
    let text = try text(path)
    let start = try #require(text.range(of: "var code: String {"), "\(path)")
    let end = try #require(text.range(of: "\n  }\n", range: start.upperBound..<text.endIndex))
    return try matches("\"([a-z0-9_]+)\"", in: String(text[start.upperBound..<end.lowerBound]))
  }

  private func described(_ schema: String) throws -> Set<String> {
    let schema = try #require(APIContract.shared.document["components"]?["schemas"]?[schema])
    if case .array(let list) = schema["enum"] { return Set(list.compactMap(\.text)) }
    guard case .array(let list) = schema["oneOf"] else { return [] }
    return Set(list.compactMap { $0["const"]?.text })
  }

  private static let errorTypes = [
    "Pruning/PruningError.swift", "Training/TrainingError.swift", "Datasets/DatasetError.swift",
    "ModelFormats/FormatError.swift", "NeuralGraph/GraphError.swift",
    "SparseRuntime/RuntimeError.swift", "Store/StoreError.swift",
    "ControlPlane/ControlPlaneError.swift", "JobWorker/JobError.swift",
    "PersonalizationService/ServiceError.swift",
  ]

  @Test func everyCodeOfAnAnswerIsDescribed() throws {
    var literals: Set<String> = Set(FramingError.allCases.map(\.code))
    for room in ["HTTPServer", "ControlPlane", "WebPage"] {
      let files = try #require(
        FileManager.default.enumerator(
          at: Self.sources.appending(path: room), includingPropertiesForKeys: nil))
      for case let file as URL in files where file.pathExtension == "swift" {
        literals.formUnion(
          try matches(
            "(?:code: (?:String = )?|problem\\(\\s*)\"([a-z0-9_]+)\"",
            in: String(contentsOf: file, encoding: .utf8)))
      }
    }
    #expect(literals.count > 40)
    let described = try described("ErrorCode")
    #expect(literals.subtracting(described) == [])
    // What else is described is the code of an error that Problems gives a status.
    // Names of accelerators are read by requests, not by jobs.
    let typed = try (Self.errorTypes + ["Accelerators/AcceleratorError.swift"])
      .reduce(into: Set<String>()) { try $0.formUnion(codes(of: $1)) }
    #expect(described.subtracting(literals).subtracting(typed) == [])
    for code in [
      "invalid_value", "not_found", "name_taken", "idempotency_key_reused", "job_finished",
      "queue_full", "database_locked", "disk_full", "unknown_class", "invalid_profile",
      "invalid_recipe", "sparsity_out_of_reach", "target_out_of_reach", "undecodable_image",
      "image_too_large", "predictions_busy", "model_exceeds_memory",
    ] {
      #expect(described.contains(code), "\(code)")
    }
  }

  @Test func everyCodeOfAFailedJobIsDescribed() throws {
    let typed = try Self.errorTypes.reduce(into: Set<String>()) { try $0.formUnion(codes(of: $1)) }
    #expect(typed.count > 80)
    #expect(
      try described("JobFailureCode") == typed.union(["internal_error", "worker_died_repeatedly"]))
  }
}
