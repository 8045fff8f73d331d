import Digests
import Foundation
import HTTPServer
import Latency
import ModelFormats
import Pruning
import SparseRuntime
import Synchronization

/// What the tailored models of each base model cost on this server, measured when somebody first
/// asks for milliseconds and kept in files beside the runtime's own measurements: a profile is part
/// of the recipe, so the same request must find the same profile, after a restart too.
package final class ServerDevice: Sendable {
  /// Measures a model under a pattern.
  package typealias Measure = @Sendable (DenseModel, HybridPattern) throws -> DeviceProfile

  /// What is asked for is not known before this ends.
  struct Unmeasured: Error {
    let measurement: Measurement
  }

  private struct Key: Hashable {
    let model: SHA256Digest
    let pattern: HybridPattern
  }

  private struct State {
    var known: [Key: DeviceProfile] = [:]
    var underWay: [Key: Measurement] = [:]
  }

  /// What profiles call the device.
  private static let name = "this server"
  /// Predictions run on one core each.
  private static let threads = 1
  /// Counts up when what is measured, or how, changes.
  private static let version = 1

  /// The answer while a measurement is under way that takes longer than a request waits for it.
  static let busy = ProblemDetails(
    .serviceUnavailable, code: "device_being_measured",
    detail: "this server is measuring how long such models take on it, and keeps what it finds; "
      + "send the same again", retryAfter: 10)

  private let directory: URL?
  /// How long a request waits for a measurement.
  let patience: Duration
  private let measure: Measure
  private let state = Mutex(State())

  /// Profiles in a directory; nil keeps them in memory only.
  package init(
    directory: URL?, patience: Duration = .seconds(20), measure: Measure? = nil
  ) {
    self.directory = directory
    self.patience = patience
    self.measure =
      measure ?? {
        try DeviceProfile.measure(
          name: Self.name, model: $0, pattern: $1, threads: Self.threads)
      }
  }

  /// The profile of a base model's file under a pattern.
  /// - Parameters:
  ///   - lane: where it is measured if it is not known.
  ///   - model: reads the model, there.
  /// - Throws: ``Unmeasured`` while it is not known.
  func profile(
    of description: ModelDescription, digest: SHA256Digest, pattern: HybridPattern,
    lane: WorkLane, model: @escaping @Sendable () throws -> DenseModel
  ) throws -> DeviceProfile {
    let key = Key(model: digest, pattern: pattern)
    if let profile = state.withLock({ $0.known[key] }) { return profile }
    let file = directory?.appending(path: Self.fileName(digest, pattern))
    if let profile = file.flatMap(Self.read),
      Self.isUsable(profile, description: description, pattern: pattern)
    {
      // Whatever was kept first stays.
      return state.withLock { state in
        let first = state.known[key] ?? profile
        state.known[key] = first
        return first
      }
    }
    let (measurement, isNew, known) = state.withLock { state in
      let known = state.known[key]
      let underWay = state.underWay[key]
      let measurement = underWay ?? Measurement()
      if known == nil { state.underWay[key] = measurement }
      return (measurement, underWay == nil, known)
    }
    if let known { return known }
    if isNew {
      lane.submit { [self] _ in
        let profile = try measure(model(), pattern)
        if let file { Self.write(profile, file) }
        // Here, and not when it is told: it counts also if that took too long.
        state.withLock { $0.known[key] = profile }
      } completion: { [self] outcome in
        state.withLock { $0.underWay[key] = nil }
        measurement.finish(outcome)
      }
    }
    throw Unmeasured(measurement: measurement)
  }

  private static func isUsable(
    _ profile: DeviceProfile, description: ModelDescription, pattern: HybridPattern
  ) -> Bool {
    profile.processor == Processor.name && profile.threads == threads
      && profile.covers(description.graph, pattern: pattern)
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
