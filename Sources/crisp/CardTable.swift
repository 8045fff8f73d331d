import Foundation
import ModelCards
import ServiceAPI

/// What pruning cost and gained, for people: one column a model.
enum CardTable {
  static func text(_ cards: [ModelCard]) -> String {
    var rows: [(String, (ModelCard) -> String)] = [
      ("classes", { $0.classes.map(\.name).joined(separator: ", ") }),
      ("accuracy, universal restricted", { percent($0.accuracy.universalRestricted) }),
      (
        "accuracy, dense fine-tuned",
        // Cards of earlier versions repeat the restricted model's.
        {
          $0.recipe["dense_epochs"] == .integer(0)
            ? "–" : $0.accuracy.denseFineTuned.map(percent) ?? "–"
        }
      ),
      ("accuracy, pruned", { percent($0.accuracy.pruned) }),
      ("test images", { "\($0.accuracy.testImages)" }),
      ("sparsity, prunable layers", { percent($0.sparsity.global) }),
      ("sparsity, whole model", { percent($0.sparsity.model) }),
      ("file bytes, dense", { "\($0.bytes.dense)" }),
      ("file bytes, packed", { "\($0.bytes.packed)\(gain($0.bytes.dense, $0.bytes.packed))" }),
      ("multiply-accumulates, dense", { "\($0.multiplyAccumulates.dense)" }),
      (
        "multiply-accumulates, packed",
        {
          "\($0.multiplyAccumulates.packed)"
            + gain($0.multiplyAccumulates.dense, $0.multiplyAccumulates.packed)
        }
      ),
      ("ms per image, dense", { String(format: "%.3f", $0.latency.denseMilliseconds) }),
      (
        "ms per image, sparse",
        {
          String(format: "%.3f", $0.latency.sparseMilliseconds)
            + gain($0.latency.denseMilliseconds, $0.latency.sparseMilliseconds)
        }
      ),
    ]
    rows += acceleratorRows(cards)
    rows += secondsRows(cards)
    let names = rows.map(\.0)
    var columns = [names]
    for card in cards { columns.append(rows.map { $0.1(card) }) }
    let widths = columns.map { column in column.map(\.count).max() ?? 0 }
    return names.indices.map { row in
      zip(columns, widths).enumerated().map { index, column in
        let text = column.0[row]
        let space = String(repeating: " ", count: column.1 - text.count)
        return index == 0 ? text + space : space + text
      }.joined(separator: "   ")
    }.joined(separator: "\n")
  }

  /// What a modelled accelerator would take; none where no card says it.
  private static func acceleratorRows(_ cards: [ModelCard]) -> [(String, (ModelCard) -> String)] {
    guard cards.contains(where: { $0.accelerator != nil }) else { return [] }
    func row(_ name: String, _ text: @escaping (ModelCard.Accelerator) -> String) -> (
      String, (ModelCard) -> String
    ) {
      (name, { $0.accelerator.map(text) ?? "–" })
    }
    func text(_ value: Double, _ times: Double, _ digits: Int) -> String {
      String(format: "%.\(digits)f (%.1fx less)", value, times)
    }
    return [
      row("modelled accelerator", { "\($0.name), bound by \($0.bound)" }),
      row("  cycles, against dense", { text($0.cycles, $0.dense.timesTheCycles, 0) }),
      row("  uJ, against dense", { text($0.energyUj, $0.dense.timesTheEnergy, 2) }),
      row(
        "  2:4 would take",
        {
          String(
            format: "%.1fx cycles, %.1fx uJ", $0.twoOfFour.timesTheCycles,
            $0.twoOfFour.timesTheEnergy)
        }),
    ]
  }

  /// Where the runs' time went, the longest part first.
  private static func secondsRows(_ cards: [ModelCard]) -> [(String, (ModelCard) -> String)] {
    var sums: [String: Double] = [:]
    for card in cards { sums.merge(card.seconds ?? [:], uniquingKeysWith: +) }
    guard !sums.isEmpty else { return [] }
    func text(_ seconds: Double?) -> String { seconds.map { String(format: "%.1f", $0) } ?? "–" }
    return [("seconds of the run", { text($0.seconds?.values.reduce(0, +)) })]
      + sums.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { part, _ in
        ("  \(part)", { text($0.seconds?[part]) })
      }
  }

  private static func gain(_ before: some BinaryInteger, _ after: some BinaryInteger) -> String {
    gain(Double(before), Double(after))
  }

  private static func gain(_ before: Double, _ after: Double) -> String {
    after > 0 ? String(format: " (%.1fx less)", before / after) : ""
  }
}
