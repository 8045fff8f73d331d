import ArgumentParser
import Foundation
import ServiceAPI

/// `crisp table`: model cards side by side.
struct Table: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show model cards side by side.",
    discussion: "Example: crisp table ada.json grace.json")

  @Argument(help: "Files of `GET /models/{id}/card`, or of `crisp personalize --json`.")
  var cards: [String]

  /// What `crisp personalize --json` wraps a card in.
  private struct Wrapped: Decodable { let card: ModelCard }

  func run() throws {
    let decoded = try cards.map { path in
      guard let data = FileManager.default.contents(atPath: path) else {
        throw ValidationError("cannot read '\(path)'.")
      }
      do {
        return try (try? JSONDecoder().decode(Wrapped.self, from: data))?.card
          ?? JSONDecoder().decode(ModelCard.self, from: data)
      } catch {
        throw ValidationError("'\(path)' is no model card.")
      }
    }
    print(CardTable.text(decoded))
  }
}
