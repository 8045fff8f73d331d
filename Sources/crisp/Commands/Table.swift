import ArgumentParser
import Foundation
import ModelCards
import ServiceAPI

/// `crisp table`: model cards side by side.
struct Table: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show model cards side by side.",
    discussion: "Example: crisp table ada.json grace.json")

  @Argument(
    help: "Files of `GET /models/{id}/card`, `crisp prune --card` or `crisp personalize --json`.")
  var cards: [String]

  func run() throws {
    let decoded = try cards.map { path in
      guard let data = FileManager.default.contents(atPath: path) else {
        throw ValidationError("cannot read '\(path)'.")
      }
      do {
        return try ModelCard(document: data)
      } catch {
        throw ValidationError("'\(path)' is not a model card: \(error)")
      }
    }
    print(CardTable.text(decoded))
  }
}
