import Foundation
import Testing

/// Files on which `make fuzz` once stopped; new ones are put into the folder.
@Suite struct FoundCrashTests {
  private static let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent()

  @Test func filesThatOnceStoppedTheReaderDoNot() throws {
    let folder = Self.here.appending(path: "FoundCrashes")
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    for name in files.sorted() where !name.hasSuffix(".md") {
      let data = try Data(contentsOf: folder.appending(path: name))
      #expect(HostileFile.exercise(data) != .unstable, "\(name)")
    }
  }

  /// Otherwise the other test, and fuzzing, would try less than they say.
  @Test func aValidFileIsRun() throws {
    let valid = try Data(
      contentsOf: Self.here.appending(path: "../ModelFormatsTests/Goldens/packed.safetensors"))
    #expect(HostileFile.exercise(valid) == .ran)
    #expect(HostileFile.exercise(valid.dropLast()) == .refused)
  }
}
