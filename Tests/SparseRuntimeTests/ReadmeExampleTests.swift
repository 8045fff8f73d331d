import Foundation
import Testing

/// What the guide for app developers shows of the Swift library compiles and runs, because it is here.
@Suite struct ReadmeExampleTests {
  private static let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent()

  @Test func everySwiftBlockOfTheGuideIsTheExample() throws {
    let guide = try String(
      contentsOf: Self.here.appending(path: "../../Documentation/app-developers.md"),
      encoding: .utf8)
    let example = try String(
      contentsOf: Self.here.appending(path: "ReadmeExample.swift"), encoding: .utf8)
    let lines = Set(example.split(separator: "\n"))
    for block in guide.components(separatedBy: "```swift\n").dropFirst() {
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
