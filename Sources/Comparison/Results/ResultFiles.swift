import Foundation

extension ComparisonResults {
  /// Writes tables and charts beside `results.jsonl`, each at once. Returns the files' names.
  @discardableResult
  public func write(to folder: String) throws(ComparisonError) -> [String] {
    let charts = self.charts
    let files =
      [
        ("results.csv", csv), ("summary.csv", summaryCSV),
        ("summary.md", markdown(charts: charts.map { ($0.figure, $0.file, $0.title) })),
      ] + charts.map { ($0.file, $0.svg) }
    for (name, text) in files {
      let path = "\(folder)/\(name)"
      do {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
      } catch {
        throw .fileFailed(file: path, reason: "cannot be written (\(error.localizedDescription))")
      }
    }
    return files.map(\.0)
  }
}
