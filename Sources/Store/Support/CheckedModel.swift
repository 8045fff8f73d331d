import Digests

/// A new model whose fields are checked and in the form of their columns.
package struct CheckedModel {
  package let blob: SHA256Digest
  package let labels: String
  /// What lists show of them.
  package let firstLabels: String
  package let labelCount: Int
  package let card: String
  package let metadata: String
  package let files: [NewModelFile]

  package init(_ model: NewModel) throws {
    blob = model.blob
    labels = try JSONColumn.text(encoding: model.labels, field: "labels")
    firstLabels = try JSONColumn.text(
      encoding: Array(model.labels.prefix(ShortRows.elements)), field: "labels")
    labelCount = model.labels.count
    card = try JSONColumn.text(model.card, field: "card")
    metadata = try JSONColumn.text(model.metadata, field: "metadata")
    files = model.files
    for file in files { try file.validate() }
    guard Set(files.map(\.name)).count == files.count else {
      throw StoreError.invalidValue(field: "model files", reason: "must have different names")
    }
  }
}

extension NewModelFile {
  /// - Throws: ``StoreError/invalidValue(field:reason:)``.
  package func validate() throws {
    try FieldText.validate(name, field: "model file name")
    try FieldText.validate(mediaType, field: "media type")
  }
}
