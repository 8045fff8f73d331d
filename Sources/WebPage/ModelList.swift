import Foundation
import ModelCards
import ServiceAPI

/// Models as a list for people: what they reach, what they cost, and the files.
package struct ModelList {
  /// A model and what is known about it; a card that cannot be read is left out.
  package struct Entry {
    let model: ModelResource
    let card: ModelCard?

    /// An entry as given.
    package init(_ model: ModelResource, card: ModelCard?) {
      self.model = model
      self.card = card
    }
  }

  private static let formats: [(name: String, title: String, detail: String)] = [
    ("crisp", "Packed", "for the sparse runtime"),
    ("safetensors", "Safetensors", "dense with zeros, PyTorch names"),
    ("onnx", "ONNX", "for other runtimes"),
  ]

  private let entries: [Entry]
  private let hasMore: Bool

  /// The newest models, newest first.
  package init(_ entries: [Entry], hasMore: Bool) {
    self.entries = entries
    self.hasMore = hasMore
  }

  /// The list.
  package var html: HTML {
    CardList.html(
      entries.map(item), classes: "cards models",
      empty: "No models yet. Each job that succeeds leaves one here.", hasMore: hasMore)
  }

  private func item(_ entry: Entry) -> HTML {
    let model = entry.model
    let rest = (model.labelCount ?? 0) - model.labels.count
    let names = rest > 0 ? model.labels + ["and \(rest) more"] : model.labels
    let labels = names.joined(separator: ", ")
    let made = PageText.time(model.createdAt)
    let links = Self.formats.map { format -> HTML in
      """
      <li><a class="button" href="/models/\(model.id)?format=\(format.name)" download \
      title="\(format.detail)">\(format.title)<span class="unseen"> file of \(labels), \
      \(format.detail)</span></a></li>
      """
    }
    return """
      <li class="card model" id="\(model.id)">
      <h3 tabindex="-1">\(names.map(HTML.name).joined(", "))</h3>
      <p class="note">from \(.name(model.baseModel)) · \(made)</p>
      \(entry.card.map(facts) ?? "<p class=\"note\">\(PageText.bytes(Double(model.bytes)))</p>")
      \(entry.card.flatMap { SparsityChart($0)?.html })
      \(entry.card.flatMap { AcceleratorChart($0)?.html })
      <ul class="downloads" role="list" aria-label="Files of \(labels)">\(links)</ul>
      </li>
      """
  }

  private func facts(_ card: ModelCard) -> HTML {
    let accuracy = card.accuracy
    let rows: [(String, String, String)] = [
      (
        "Accuracy", PageText.percent(accuracy.pruned),
        "\(PageText.percent(accuracy.universalRestricted)) before"
      ),
      (
        "Size", PageText.bytes(Double(card.bytes.packed)),
        "\(PageText.bytes(Double(card.bytes.dense))) before"
      ),
      (
        "Time an image", PageText.milliseconds(card.latency.sparseMilliseconds),
        "\(PageText.milliseconds(card.latency.denseMilliseconds)) before"
      ),
      ("Zeros", PageText.percent(card.sparsity.global), "of the prunable weights"),
    ]
    return """
      <dl class="facts">\(rows.map { row -> HTML in
        "<div><dt>\(row.0)</dt><dd>\(row.1) <span class=\"note\">\(row.2)</span></dd></div>"
      })</dl>
      """
  }
}
