import Digests
import Foundation
import ModelCards
import ModelFormats
import ServiceAPI
import Store

/// A model as a model hub shows it: a repository of a few files at one commit.
struct HubRepository {
  /// One file.
  struct File {
    let name: String
    let content: FileDownload.Content
    let mediaType: String

    init(_ name: String, _ content: FileDownload.Content, mediaType: String) {
      self.name = name
      self.content = content
      self.mediaType = mediaType
    }

    init(_ name: String, _ bytes: Data, mediaType: String) {
      self.init(name, .bytes(bytes, SHA256.digest(of: bytes)), mediaType: mediaType)
    }
  }

  let model: ModelRecord
  /// By name.
  let files: [File]
  /// 40 hexadecimal digits, as clients expect of a commit. The files decide it: a later version of
  /// this program that writes another README is another commit.
  let commit: String

  init(_ model: ModelRecord) throws {
    self.model = model
    let card = try JSONDecoder().decode(ModelCard.self, from: model.card)
    files = [
      File("README.md", Data(CardMarkdown(model, card).text.utf8), mediaType: Self.markdown),
      File("card.json", model.card, mediaType: "application/json"),
      File("config.json", try Self.configuration(model, card), mediaType: "application/json"),
      File(Self.weights, .blob(model.blob), mediaType: DownloadFormat.crisp.mediaType),
    ]
    let listing = files.map { "\($0.name) \($0.content.digest.hex)\n" }.joined()
    commit = String(SHA256.digest(of: Data("\(model.id)\n\(listing)".utf8)).hex.prefix(40))
  }

  /// Whether a revision in a request means the one there is.
  func has(revision: String) -> Bool { revision == "main" || revision == commit }

  /// The packed file's name.
  static let weights = "model.crisp.safetensors"
  private static let markdown = "text/markdown; charset=utf-8"

  /// What programs look for first.
  private struct Configuration: Encodable {
    let modelType = "crisp"
    let weights = HubRepository.weights
    let numLabels: Int
    let id2label: [String: String]
    let label2id: [String: Int]
    let baseModel: ModelCard.Source
    let dataset: ModelCard.Source
    let recipe: JSONValue

    enum CodingKeys: String, CodingKey {
      case modelType = "model_type"
      case weights
      case numLabels = "num_labels"
      case id2label, label2id
      case baseModel = "base_model"
      case dataset, recipe
    }
  }

  private static func configuration(_ model: ModelRecord, _ card: ModelCard) throws -> Data {
    let numbered = model.labels.enumerated()
    return try CanonicalJSON.indented(
      Configuration(
        numLabels: model.labels.count,
        id2label: Dictionary(uniqueKeysWithValues: numbered.map { (String($0), $1) }),
        label2id: Dictionary(numbered.map { ($1, $0) }, uniquingKeysWith: { first, _ in first }),
        baseModel: card.baseModel, dataset: card.dataset, recipe: card.recipe))
  }
}
