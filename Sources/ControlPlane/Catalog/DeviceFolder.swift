import Foundation
import HTTPServer
import Inputs
import Pruning

/// Profiles of other devices, which the operator puts into a folder: NAME.json each, as
/// `crisp device` writes it. They are read when a request names one, so they may come and go.
package struct DeviceFolder: Sendable {
  private static let ending = ".json"
  private let path: String?

  /// Nil: there are none.
  package init(_ path: String?) { self.path = path }

  /// What may be asked for.
  var names: [String] {
    let files = path.flatMap { try? FileManager.default.contentsOfDirectory(atPath: $0) } ?? []
    return files.filter { $0.hasSuffix(Self.ending) }.map { String($0.dropLast(5)) }.sorted()
  }

  /// The profile of that name.
  func profile(named name: String) throws -> DeviceProfile {
    let names = names
    // Only what the folder lists is opened, so a name is no path.
    guard let path, names.contains(name) else {
      throw ProblemDetails(
        .unprocessableContent, code: "unknown_device",
        detail:
          "no device is called '\(name.echoed())'; without 'device' milliseconds are this server's",
        param: "device", extensions: ["known": .strings(names)])
    }
    let file = "\(path)/\(name)\(Self.ending)"
    guard let data = FileManager.default.contents(atPath: file),
      (try? JSONReader.check(Array(data), limits: .stored)) != nil,
      let profile = try? JSONDecoder().decode(DeviceProfile.self, from: data)
    else {
      throw ProblemDetails(
        .unprocessableContent, code: "unusable_device",
        detail: "the profile of the device '\(name)' cannot be read; its operator can measure it "
          + "again with crisp device", param: "device")
    }
    return profile
  }
}
