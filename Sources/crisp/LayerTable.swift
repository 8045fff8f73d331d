import ModelFormats
import Pruning

/// What pruning did to each layer with a matrix, for people: one line a layer.
enum LayerTable {
  static func text(_ layers: [PersonalizationReport.Layer], pattern: HybridPattern) -> String {
    let rows = layers.map { layer in
      [
        layer.name, "\(layer.rows)x\(layer.columns)", treatment(layer, pattern),
        "\(layer.kept) of \(layer.rows * layer.columns) weights",
      ]
    }
    let widths = (0..<4).map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      let cells = zip(row, widths).map { text, width in
        text + String(repeating: " ", count: width - text.count)
      }
      let line = "  " + cells.joined(separator: "  ")
      return String(line.reversed().drop { $0 == " " }.reversed())
    }.joined(separator: "\n")
  }

  private static func treatment(_ layer: PersonalizationReport.Layer, _ pattern: HybridPattern)
    -> String
  {
    if let reason = layer.treatment.reasonToStayDense { return "dense: \(reason)" }
    // Sparsity 0 cuts nothing and packs nothing.
    guard layer.kept < layer.rows * layer.columns else { return "dense: nothing was cut" }
    let fine = "\(pattern.keep):\(pattern.of)"
    let blocks = "\(layer.tilesPerBlockRow) of \(layer.tileColumns)"
    return layer.treatment == .fineOnly
      ? "\(fine), all blocks: the classifier"
      : "\(fine) in \(blocks) \(pattern.block)x\(pattern.block) blocks a row"
  }
}
