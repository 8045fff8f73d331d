import Foundation
import Testing

/// Files on which `make fuzz` once stopped; new ones are put into the folder.
@Suite struct FoundCrashTests {
  @Test func filesThatOnceStoppedTheReaderDoNot() throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appending(path: "FoundCrashes")
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    for name in files.sorted() where !name.hasSuffix(".md") {
      let data = try Data(contentsOf: folder.appending(path: name))
      #expect(HostileFile.exercise(data) != .unstable, "\(name)")
    }
  }
}
