import ArgumentParser
import Foundation
import Inputs
import Pruning

/// Device profiles as files: what `crisp prune --device` reads and `crisp device` writes.
enum DeviceFile {
  static func read(_ path: String) throws -> DeviceProfile {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw ValidationError("--device: '\(path)' cannot be read.")
    }
    do {
      try JSONReader.check(Array(data), limits: .stored)
      return try JSONDecoder().decode(DeviceProfile.self, from: data)
    } catch let error as JSONFault {
      throw ValidationError(
        "--device: '\(path)' is not a device profile, which is JSON: "
          + "\(error.text(in: Array(data))).")
    } catch {
      throw ValidationError("--device: '\(path)' is not a device profile; crisp device writes one.")
    }
  }
}
