import Foundation
import Testing

/// What documents show of the Swift library compiles and runs, because it is here.
@Suite struct ReadmeExampleTests {
  private static let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent()

  @Test(arguments: ["README.md", "Documentation/app-developers.md"])
  func everySwiftBlockIsTheExample(document: String) throws {
    let text = try String(
      contentsOf: Self.here.appending(path: "../../\(document)"), encoding: .utf8)
    let example = try String(
      contentsOf: Self.here.appending(path: "ReadmeExample.swift"), encoding: .utf8)
    let lines = Set(example.split(separator: "\n"))
    let blocks = text.components(separatedBy: "```swift\n").dropFirst()
    #expect(!blocks.isEmpty)
    for block in blocks {
      let shown = try #require(block.components(separatedBy: "```").first)
      for line in shown.split(separator: "\n") {
        #expect(lines.contains(line), "not in ReadmeExample.swift: \(line)")
      }
    }
  }

  @Test func theExampleClassifies() throws {
    let path = Self.here.appending(path: "../ModelFormatsTests/Goldens/packed.safetensors").path
    let pixels = (0..<5 * 16).map { UInt8($0) }
    let predictions = try classify(path, pixels: pixels)
    #expect(predictions.count == 5)
    #expect(predictions[0].probability >= predictions[1].probability)
  }
}
