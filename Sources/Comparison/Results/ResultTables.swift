import Foundation

/// Comma-separated values (RFC 4180, with line feeds alone).
package enum CSV {
  package static func text(_ rows: [[String]]) -> String {
    rows.map { $0.map(field).joined(separator: ",") + "\n" }.joined()
  }

  private static func field(_ text: String) -> String {
    guard text.contains(where: { ",\"\n\r\r\n".contains($0) }) else { return text }
    return "\"\(text.replacingOccurrences(of: "\"", with: "\"\""))\""
  }
}

extension ComparisonResults {
  /// `results.csv`: a line for each run that has ended. Of its columns only `seconds` differs from
  /// one repetition to the next.
  public var csv: String {
    let header = [
      "groups", "variants", "classes", "class_set", "class_names", "seed", "target_sparsity",
      "sparsity", "model_sparsity", "restricted_accuracy", "dense_fine_tuned_accuracy",
      "pruned_accuracy", "difference_points", "test_images", "dense_bytes", "packed_bytes",
      "dense_macs", "kept_macs", "seconds", "error_code", "error",
    ]
    let lines = runs.compactMap { run -> [String]? in
      guard let record = run.record else { return nil }
      let planned = run.planned
      var groups: [String] = []
      for member in planned.members where !groups.contains(member.group) {
        groups.append(member.group)
      }
      let names = planned.profile.entries.map {
        $0.weight == 1 ? $0.name : "\($0.name)=\($0.weight)"
      }
      let figures: [String]
      if let outcome = record.outcome {
        figures = [
          number(outcome.sparsity, 6), number(outcome.modelSparsity, 6),
          number(outcome.accuracy.restricted, 6),
          outcome.accuracy.denseFineTuned.map { number($0, 6) } ?? "",
          number(outcome.accuracy.pruned, 6), number(outcome.difference, 4),
          "\(outcome.testImages)", "\(outcome.bytes.dense)", "\(outcome.bytes.packed)",
          "\(outcome.multiplyAccumulates.dense)", "\(outcome.multiplyAccumulates.packed)",
        ]
      } else {
        figures = [String](repeating: "", count: 11)
      }
      return [
        groups.joined(separator: "; "), planned.variants.joined(separator: "; "),
        "\(names.count)", planned.setName, names.joined(separator: "; "),
        "\(planned.recipe.seed)", "\(planned.targetSparsity)",
      ] + figures + [
        number(record.seconds, 1), record.failure?.code ?? "", record.failure?.message ?? "",
      ]
    }
    return CSV.text([header] + lines)
  }

  /// `summary.csv`: a line for each row of the summary.
  public var summaryCSV: String {
    let header = [
      "figure", "variant", "classes", "target_sparsity", "runs", "failed", "sparsity",
      "restricted_accuracy", "dense_fine_tuned_accuracy", "pruned_accuracy", "pruned_accuracy_sd",
      "difference_points", "difference_points_sd", "dense_bytes", "packed_bytes", "dense_macs",
      "kept_macs",
    ]
    let lines = summary.map { row -> [String] in
      let start = [
        row.figure, row.variant, "\(row.classes)", "\(row.target)", "\(row.runs)",
        "\(row.failed)",
      ]
      guard let figures = row.figures else {
        return start + [String](repeating: "", count: header.count - start.count)
      }
      return start + [
        number(figures.sparsity, 6), number(figures.restricted, 6),
        figures.denseFineTuned.map { number($0, 6) } ?? "", number(figures.pruned.mean, 6),
        figures.pruned.standardDeviation.map { number($0, 6) } ?? "",
        number(figures.difference.mean, 4),
        figures.difference.standardDeviation.map { number($0, 4) } ?? "",
        number(figures.denseBytes, 0), number(figures.packedBytes, 0),
        number(figures.denseMultiplyAccumulates, 0), number(figures.keptMultiplyAccumulates, 0),
      ]
    }
    return CSV.text([header] + lines)
  }

  /// The columns that people read: name, and whether it is a number.
  private static let columns: [(name: String, isNumber: Bool)] = [
    ("k", true), ("target", true), ("variant", false), ("runs", true), ("sparsity", true),
    ("restricted", true), ("fine-tuned", true), ("pruned", true), ("difference", true),
    ("packed KB", true), ("kept MACs", true),
  ]

  private func cells(_ row: SummaryRow) -> [String] {
    let start = [
      "\(row.classes)", "\(number(row.target * 100, 1)) %", row.variant,
      row.failed > 0 ? "\(row.runs) (\(row.failed) failed)" : "\(row.runs)",
    ]
    guard let figures = row.figures else { return start + [String](repeating: "", count: 7) }
    let spread = figures.difference.standardDeviation.map { " ± \(number($0, 2))" } ?? ""
    let mean = number(figures.difference.mean, 2)
    let sign = figures.difference.mean > 0 && !mean.hasPrefix("0.00") ? "+" : ""
    return start + [
      "\(number(figures.sparsity * 100, 2)) %", number(figures.restricted * 100, 2),
      figures.denseFineTuned.map { number($0 * 100, 2) } ?? "–",
      number(figures.pruned.mean * 100, 2),
      "\(sign)\(mean)\(spread)", number(figures.packedBytes / 1000, 1),
      number(
        figures.keptMultiplyAccumulates / max(1, figures.denseMultiplyAccumulates) * 100, 1)
        + " %",
    ]
  }

  /// The summary for a terminal, a table for each figure.
  public var text: String {
    figures.map { figure in
      let rows = [Self.columns.map(\.name)] + summary.filter { $0.figure == figure }.map(cells)
      let widths = Self.columns.indices.map { column in
        rows.map { $0[column].count }.max() ?? 0
      }
      let lines = rows.map { row in
        Self.columns.indices.map { column in
          let space = String(repeating: " ", count: widths[column] - row[column].count)
          return Self.columns[column].isNumber ? space + row[column] : row[column] + space
        }.joined(separator: "  ")
      }
      return (["\(figure):"] + lines).joined(separator: "\n")
    }.joined(separator: "\n\n")
  }

  /// `summary.md`: the same with the charts named in `charts`, by figure.
  package func markdown(charts: [(figure: String, file: String, title: String)]) -> String {
    var text = """
      # Comparison

      Accuracy on the test split in percent; the difference is pruned minus the restricted dense \
      model, in points, run by run: mean ± standard deviation over class sets and seeds. \
      \(runs.count - missing) of \(runs.count) runs have ended, \(failed) of them in failure.

      """
    func line(_ cells: [String]) -> String {
      let escaped = cells.map {
        $0.replacingOccurrences(of: "|", with: "\\|").replacingOccurrences(of: "\n", with: " ")
      }
      return "| \(escaped.joined(separator: " | ")) |\n"
    }
    for figure in figures {
      text += "\n## \(figure)\n\n"
      for chart in charts where chart.figure == figure {
        text += "![\(chart.title)](\(chart.file))\n"
      }
      text += "\n" + line(Self.columns.map(\.name))
      text += "|" + Self.columns.map { $0.isNumber ? "---:|" : "---|" }.joined() + "\n"
      for row in summary where row.figure == figure { text += line(cells(row)) }
    }
    return text
  }
}

/// A number with a point, whatever the locale.
func number(_ value: Double, _ digits: Int) -> String {
  let text = String(format: "%.\(digits)f", value)
  return text.hasPrefix("-") && !text.contains { $0 >= "1" && $0 <= "9" }
    ? String(text.dropFirst()) : text
}
