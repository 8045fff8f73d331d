import Digests
import Foundation
import Latency
import ModelFormats
import Pruning
import SparseRuntime
import Synchronization

/// What the tailored models of each base model cost on this server, measured when somebody first
/// asks for milliseconds and kept in files beside the runtime's own measurements: a profile is part
/// of the recipe, so the same request must find the same profile, after a restart too.
package final class ServerDevice: Sendable {
  private struct Key: Hashable {
    let model: SHA256Digest
    let pattern: HybridPattern
  }

  /// What profiles call the device.
  static let name = "this server"
  /// Predictions run on one core each.
  private static let threads = 1
  /// Counts up when what is measured, or how, changes.
  private static let version = 1

  private let directory: URL?
  // Held while measuring: two measurements at once would disturb each other.
  private let known = Mutex<[Key: DeviceProfile]>([:])

  /// Profiles in a directory; nil keeps them in memory only.
  package init(directory: URL?) { self.directory = directory }

  /// The profile of a base model's file under a pattern.
  func profile(of model: DenseModel, digest: SHA256Digest, pattern: HybridPattern) throws
    -> DeviceProfile
  {
    try known.withLock { known in
      let key = Key(model: digest, pattern: pattern)
      if let profile = known[key] { return profile }
      let file = directory?.appending(path: Self.fileName(digest, pattern))
      if let profile = file.flatMap(Self.read),
        Self.isUsable(profile, model: model, pattern: pattern)
      {
        known[key] = profile
        return profile
      }
      let profile = try DeviceProfile.measure(
        name: Self.name, model: model, pattern: pattern, threads: Self.threads)
      if let file { Self.write(profile, file) }
      known[key] = profile
      return profile
    }
  }

  private static func isUsable(
    _ profile: DeviceProfile, model: DenseModel, pattern: HybridPattern
  ) -> Bool {
    profile.processor == Processor.name && profile.threads == threads
      && profile.covers(model.description.graph, pattern: pattern)
  }

  private static func read(_ file: URL) -> DeviceProfile? {
    guard let data = try? Data(contentsOf: file) else { return nil }
    return try? JSONDecoder().decode(DeviceProfile.self, from: data)
  }

  /// A file that cannot be written only means that the next start measures again.
  private static func write(_ profile: DeviceProfile, _ file: URL) {
    guard let data = try? CanonicalJSON.data(profile) else { return }
    try? FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try? data.write(to: file, options: .atomic)
  }

  /// A file's name in the directory: of all that a profile depends on but the processor's name,
  /// which is inside.
  static func fileName(_ digest: SHA256Digest, _ pattern: HybridPattern) -> String {
    // Debug builds measure kernels that the compiler has not optimised.
    #if DEBUG
      let build = "debug-"
    #else
      let build = ""
    #endif
    let shape = "\(pattern.keep)-\(pattern.of)-b\(pattern.block)-v\(pattern.rows)"
    return "device-\(version)-\(build)\(InstructionSet.best.rawValue)-\(shape)-"
      + "\(digest.hex.prefix(16)).json"
  }
}
