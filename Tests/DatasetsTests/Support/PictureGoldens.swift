import Foundation
import Testing

/// The pictures of Goldens/make_picture_goldens.py.
enum PictureGoldens {
  /// What Pillow reads in each: 13x9 pixels, red, green and blue.
  static let pixels: [String: [UInt8]] = {
    guard let data = try? Data(contentsOf: url("pictures.json")) else { return [:] }
    return (try? JSONDecoder().decode([String: [UInt8]].self, from: data)) ?? [:]
  }()

  static func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: url(name)))
  }

  private static func url(_ name: String) throws -> URL {
    let parts = name.split(separator: ".").map(String.init)
    return try #require(
      Bundle.module.url(
        forResource: parts[0], withExtension: parts[1], subdirectory: "Goldens/pictures"))
  }
}
