import CKernels
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Cost models that have been measured: in this process, and in a file for each processor.
enum CostCache {
  private static let known = Mutex<[InstructionSet: CostModel]>([:])

  /// The model of this processor, measured unless it is known. A file that cannot be read or written
  /// only means that it is measured again.
  static func model(
    _ instructionSet: InstructionSet, _ kernels: UnsafePointer<crisp_kernels>
  ) throws(RuntimeError) -> CostModel {
    if let model = known.withLock({ $0[instructionSet] }) { return model }
    let file = directory?.appending(path: fileName(instructionSet))
    let model: CostModel
    if let file, let stored = read(file, kernels) {
      model = stored
    } else {
      model = try CostModel.measured(kernels)
      if let file { write(model, file) }
    }
    known.withLock { $0[instructionSet] = model }
    return model
  }

  /// A stored model, unless it is of another version or broken.
  static func read(_ file: URL, _ kernels: UnsafePointer<crisp_kernels>) -> CostModel? {
    guard let data = try? Data(contentsOf: file),
      let model = try? JSONDecoder().decode(CostModel.self, from: data),
      model.version == CostModel.version,
      model.kernels.map(\.count) == [
        kernels.pointee.widest.0, kernels.pointee.widest.1, kernels.pointee.widest.2,
      ], model.decoding.count == 3
    else { return nil }
    return model
  }

  private static func write(_ model: CostModel, _ file: URL) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    guard let data = try? encoder.encode(model) else { return }
    try? FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try? data.write(to: file, options: .atomic)
  }

  /// Where models are kept: the environment's `CRISP_CACHE`, else the user's cache directory (XDG
  /// Base Directory Specification). An empty `CRISP_CACHE` keeps none.
  private static var directory: URL? {
    let environment = ProcessInfo.processInfo.environment
    if let own = environment["CRISP_CACHE"] {
      return own.isEmpty ? nil : URL(filePath: own, directoryHint: .isDirectory)
    }
    if let cache = environment["XDG_CACHE_HOME"], cache.hasPrefix("/") {
      return URL(filePath: cache, directoryHint: .isDirectory).appending(path: "crisp")
    }
    guard let home = environment["HOME"], home.hasPrefix("/") else { return nil }
    return URL(filePath: home, directoryHint: .isDirectory).appending(path: ".cache/crisp")
  }

  private static func fileName(_ instructionSet: InstructionSet) -> String {
    let processor = Processor.name.map { $0.isLetter || $0.isNumber ? $0 : "-" }
    return "costs-\(CostModel.version)-\(instructionSet.rawValue)-\(String(processor)).json"
  }
}
