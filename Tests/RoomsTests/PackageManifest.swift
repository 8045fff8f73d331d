import Foundation

/// What Package.swift says of the package's targets.
struct PackageManifest {
  /// The targets and products that each target may import.
  let targets: [String: Set<String>]

  /// Reads the manifest of the package that this test is part of.
  init() throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Package.swift")
    targets = Self.targets(in: try String(contentsOf: file, encoding: .utf8))
  }

  /// Lists of dependencies as this manifest writes them: names, and products with their package.
  static func targets(in text: String) -> [String: Set<String>] {
    var targets: [String: Set<String>] = [:]
    for piece in text.components(separatedBy: "arget(").dropFirst() {
      guard let name = piece.firstMatch(of: /name: "([^"]+)"/)?.1 else { continue }
      let list = piece.components(separatedBy: "dependencies: [").dropFirst().first?
        .prefix { $0 != "]" }
      let names = (list ?? "").replacing(/, package: "[^"]+"/, with: "").matches(of: /"([^"]+)"/)
      targets[String(name)] = Set(names.map { String($0.1) })
    }
    return targets
  }
}
