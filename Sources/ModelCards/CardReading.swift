import Foundation
import Inputs
import ServiceAPI

extension ModelCard {
  /// What `crisp personalize --json` wraps a card in.
  private struct Wrapped: Decodable { let card: ModelCard }

  /// Reads a card, or the document in which `crisp personalize --json` prints one.
  public init(document data: Data) throws(CardError) {
    do throws(JSONFault) {
      try JSONReader.check(Array(data), limits: .stored)
    } catch {
      throw .malformed(
        field: nil, reason: "cannot be read as JSON: \(error.text(in: Array(data)))")
    }
    do {
      if let wrapped = try? JSONDecoder().decode(Wrapped.self, from: data) {
        self = wrapped.card
      } else {
        self = try JSONDecoder().decode(ModelCard.self, from: data)
      }
    } catch let error as DecodingError {
      throw .malformed(field: nil, reason: "cannot be read: \(CardError.text(error))")
    } catch {
      throw .malformed(field: nil, reason: "cannot be read")
    }
    guard object == "model.card" else {
      throw .malformed(field: "object", reason: "must be 'model.card'")
    }
  }
}

extension CardError {
  /// What is wrong, and where.
  package static func text(_ error: DecodingError) -> String {
    switch error {
    case .keyNotFound(let key, let context):
      "'\((context.codingPath + [key]).map(\.stringValue).joined(separator: "."))' is missing"
    case .typeMismatch(_, let context), .valueNotFound(_, let context),
      .dataCorrupted(let context):
      context.codingPath.isEmpty
        ? context.debugDescription
        : "'\(context.codingPath.map(\.stringValue).joined(separator: "."))' has a wrong value"
    @unknown default: "it has a wrong value"
    }
  }
}
