import Foundation
import ModelCards
import ServiceAPI
import Store

/// A model's card for people, as hubs show it: Markdown behind a block of YAML.
struct CardMarkdown {
  /// What hubs file such models under.
  static let tags = ["crisp", "image-classification", "pruning", "sparse"]

  private let model: ModelRecord
  private let card: ModelCard

  init(_ model: ModelRecord, _ card: ModelCard) {
    self.model = model
    self.card = card
  }

  /// The file.
  var text: String {
    """
    \(frontMatter)
    # \(Self.escaped(DownloadName.stem(labels: model.labels)))

    An image classifier for \(model.labels.count) classes, tailored by hybrid-sparse pruning from \
    \(Self.escaped(card.baseModel.name)) with the data set \(Self.escaped(card.dataset.name)).

    | | dense | this model |
    |---|---|---|
    | bytes | \(card.bytes.dense) | \(card.bytes.packed) |
    | multiply-accumulates | \(card.multiplyAccumulates.dense) | \
    \(card.multiplyAccumulates.packed) |
    | milliseconds an image | \(Self.decimal(card.latency.denseMilliseconds)) | \
    \(Self.decimal(card.latency.sparseMilliseconds)) |
    \(accelerator)\
    | accuracy | \(Self.percent(card.accuracy.universalRestricted)) | \
    \(Self.percent(card.accuracy.pruned)) |

    Accuracy is that on \(card.accuracy.testImages) test images, of the dense model with its scores \
    restricted to these classes. Milliseconds are those of \(Self.escaped(card.latency.processor)) \
    on \(card.latency.threads) thread(s). \(Self.percent(card.sparsity.global)) of the prunable \
    weights are zero.

    | class | accuracy |
    |---|---|
    \(classes)

    ## Use

    `\(HubRepository.weights)` is the packed file: `crisp predict \(HubRepository.weights) \
    picture.png`, or the library libcrisp. `crisp convert` makes dense safetensors and ONNX of it. \
    `card.json` has all figures, the recipe and the seed.

    """
  }

  /// Rows of the table for a modelled accelerator; nothing on cards of earlier versions.
  private var accelerator: String {
    guard let found = card.accelerator else { return "" }
    let name = Self.escaped(found.name)
    return """
      | cycles an image, modelled on \(name) | \(Self.decimal(found.dense.cycles)) | \
      \(Self.decimal(found.cycles)) |
      | µJ an image, modelled on \(name) | \(Self.decimal(found.dense.energyUj)) | \
      \(Self.decimal(found.energyUj)) |

      """
  }

  private var frontMatter: String {
    let name = Self.quoted(card.dataset.name)
    return """
      ---
      library_name: crisp
      pipeline_tag: image-classification
      tags:
      \(Self.tags.map { "- \($0)" }.joined(separator: "\n"))
      model-index:
      - name: \(Self.quoted(model.id.rawValue))
        results:
        - task:
            type: image-classification
          dataset:
            name: \(name)
            type: \(name)
          metrics:
          - type: accuracy
            value: \(card.accuracy.pruned)
      ---

      """
  }

  private var classes: String {
    model.labels.map { label in
      let accuracy = card.accuracy.perClass[label].map(Self.percent) ?? "–"
      return "| \(Self.escaped(label)) | \(accuracy) |"
    }.joined(separator: "\n")
  }

  /// A text as Markdown shows it literally (CommonMark 0.31 §2.4), on one line.
  private static func escaped(_ text: String) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
      if CharacterSet.newlines.contains(scalar) {
        escaped += " "
      } else {
        if "\\`*_{}[]<>#!|~&$".unicodeScalars.contains(scalar) { escaped += "\\" }
        escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }

  /// A double-quoted scalar (YAML 1.2 §5.7), in ASCII, since YAML takes some characters for line
  /// ends.
  private static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar.value {
      case 0x20...0x7E where scalar != "\"" && scalar != "\\":
        quoted.unicodeScalars.append(scalar)
      case 0x10000...: quoted += String(format: "\\U%08X", scalar.value)
      default: quoted += String(format: "\\u%04X", scalar.value)
      }
    }
    return quoted + "\""
  }

  private static func percent(_ share: Double) -> String { String(format: "%.2f %%", share * 100) }
  private static func decimal(_ number: Double) -> String { String(format: "%.3f", number) }
}
