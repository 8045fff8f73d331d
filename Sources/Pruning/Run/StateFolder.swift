import Foundation

/// Files for the states of one run's iterations, gone with it.
final class StateFolder {
  private let folder: URL

  /// An empty folder among the temporary files.
  /// - Throws: What `FileManager` throws when it cannot be made.
  init() throws {
    folder = FileManager.default.temporaryDirectory
      .appending(path: "crisp-states-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  func write(_ data: Data, iteration: Int) throws { try data.write(to: file(iteration)) }

  /// Nil when no state of that iteration was written.
  func read(iteration: Int) -> Data? { FileManager.default.contents(atPath: file(iteration).path) }

  private func file(_ iteration: Int) -> URL { folder.appending(path: "\(iteration)") }
}
