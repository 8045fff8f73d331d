import ModelFormats
import Pruning

/// What pruning did to each layer with a matrix, for people: one line a layer.
enum LayerTable {
  static func text(_ layers: [PersonalizationReport.Layer], recipe: PruningRecipe) -> String {
    let rows = layers.map { layer in
      [
        layer.name, "\(layer.rows)x\(layer.columns)", treatment(layer, recipe),
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

  private static func treatment(_ layer: PersonalizationReport.Layer, _ recipe: PruningRecipe)
    -> String
  {
    if let reason = layer.treatment.reasonToStayDense { return "dense: \(reason)" }
    guard layer.kept < layer.rows * layer.columns else { return "dense: nothing was cut" }
    let pattern = recipe.pattern
    let fine = "\(pattern.keep):\(pattern.of)"
    let blocks =
      "\(layer.tilesPerBlockRow ?? 0) of \(layer.tileColumns ?? 0) "
      + "\(pattern.block)x\(pattern.block) blocks a row"
    return switch layer.treatment {
    case .fineOnly: recipe.method == .fineOnly ? fine : "\(fine), all blocks: the classifier"
    case .blocks: blocks
    case .unstructured: "single weights"
    case .channels: "whole channels"
    default: "\(fine) in \(blocks)"
    }
  }
}
