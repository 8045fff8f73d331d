import Foundation
import ONNXModels
import Testing

/// Goldens/operators.md says which network tests which operator at which operator set.
@Suite struct CoverageTests {
  /// When operators were added to ONNX, where that is later than the first set that is read; and
  /// LogSoftmax, which one network in one set ends in.
  private static let absent: [String: Set<Int>] = [
    "HardSwish": [11, 13], "LogSoftmax": [11, 13, 17, 21, 23],
  ]

  @Test func everyOperatorIsTestedAtEveryOperatorSet() throws {
    let url = Bundle.module.bundleURL.appending(path: "Goldens/operators.md")
    let rows = try String(contentsOf: url, encoding: .utf8).split(separator: "\n")
      .filter { $0.hasPrefix("| ") }.map { row in
        row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
          .filter { !$0.isEmpty }
      }
    #expect(rows.first?.dropFirst().map { Int($0) } == Golden.opsets)
    #expect(rows.dropFirst().map(\.first) == ONNXImport.operators.map { $0 })
    for row in rows.dropFirst() {
      for (opset, networks) in zip(Golden.opsets, row.dropFirst()) {
        let isAbsent = CoverageTests.absent[row[0]]?.contains(opset) == true
        #expect((networks == "–") == isAbsent, "\(row[0]) at \(opset)")
        for name in networks.split(separator: ", ") where name != "–" {
          #expect(Golden.all.contains { $0.name == name && $0.opset == opset })
        }
      }
    }
  }
}
