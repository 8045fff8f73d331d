import Foundation

/// What `make bench-accuracy` found for ten classes: how accurate each method is at a sparsity, and what
/// share of the multiply-accumulates it keeps.
struct AccuracyResults {
  struct Point {
    let difference: Double
    let keptShare: Double
  }

  private var points: [String: [Double: [Point]]] = [:]

  init(contentsOf url: URL) throws {
    let lines = try String(contentsOf: url, encoding: .utf8).split(whereSeparator: \.isNewline)
    let names = lines.first.map { Self.cells($0) } ?? []
    for line in lines.dropFirst() {
      let row = Dictionary(
        zip(names, Self.cells(line)), uniquingKeysWith: { first, _ in first })
      guard row["classes"] == "10", let variant = row["variants"],
        let sparsity = row["target_sparsity"].flatMap(Double.init),
        let difference = row["difference_points"].flatMap(Double.init),
        let kept = row["kept_macs"].flatMap(Double.init),
        let all = row["dense_macs"].flatMap(Double.init), all > 0
      else { continue }
      points[variant, default: [:]][sparsity, default: []].append(
        Point(difference: difference, keptShare: kept / all))
    }
  }

  /// The mean over sets and seeds.
  func mean(_ variant: String, _ sparsity: Double) throws -> Point {
    guard let found = points[variant]?[sparsity], !found.isEmpty else {
      throw Failure.noResults("\(variant) at \(sparsity)")
    }
    let count = Double(found.count)
    return Point(
      difference: found.reduce(0) { $0 + $1.difference } / count,
      keptShare: found.reduce(0) { $0 + $1.keptShare } / count)
  }

  /// What channel pruning keeps where it loses as much as the hybrid pattern at a sparsity: between two
  /// measured sparsities in proportion.
  func channels(asAccurateAs sparsity: Double) throws -> Double {
    let goal = try mean("hybrid", sparsity).difference
    let measured = try (points["channels"] ?? [:]).keys.sorted().map { try mean("channels", $0) }
    for (above, below) in zip(measured, measured.dropFirst())
    where (below.difference...max(above.difference, below.difference)).contains(goal) {
      let way = (above.difference - goal) / (above.difference - below.difference)
      return above.keptShare + way * (below.keptShare - above.keptShare)
    }
    throw Failure.noResults("channels that lose \(goal) points")
  }

  /// The cells of a line of RFC 4180 without line breaks inside cells.
  private static func cells(_ line: Substring) -> [String] {
    var cells = [""]
    var isQuoted = false
    for character in line {
      switch character {
      case "\"": isQuoted.toggle()
      case "," where !isQuoted: cells.append("")
      default: cells[cells.count - 1].append(character)
      }
    }
    return cells
  }
}

/// What can go wrong beside the libraries' errors.
enum Failure: Error, CustomStringConvertible {
  case noResults(String)

  var description: String {
    switch self {
    case .noResults(let what): "Benchmarks/results/accuracy/results.csv has nothing on \(what)"
    }
  }
}
