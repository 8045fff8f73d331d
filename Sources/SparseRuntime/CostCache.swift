import CKernels
import ModelFormats
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Cost models that have been measured: in this process, and in a file for each processor.
package enum CostCache {
  private static let known = Mutex<[InstructionSet: CostModel]>([:])

  /// The model of this processor, measured unless it is known.
  static func model(
    _ instructionSet: InstructionSet, _ kernels: UnsafePointer<crisp_kernels>
  ) throws(RuntimeError) -> CostModel {
    if let model = known.withLock({ $0[instructionSet] }) { return model }
    let directory = directory(environment: ProcessInfo.processInfo.environment)
    let model = try model(instructionSet, kernels, in: directory)
    known.withLock { $0[instructionSet] = model }
    return model
  }

  /// The model of this processor as it stands in a directory, else measured and written there. A
  /// file that cannot be read or written only means that it is measured again.
  package static func model(
    _ instructionSet: InstructionSet, _ kernels: UnsafePointer<crisp_kernels>, in directory: URL?
  ) throws(RuntimeError) -> CostModel {
    guard let file = directory?.appending(path: fileName(instructionSet)) else {
      return try CostModel.measured(kernels)
    }
    let widest = kernels.pointee.widest
    let vectors = [widest.0, widest.1, widest.2]
    if let stored = read(file), stored.isUsable(widest: vectors) { return stored }
    // A busy machine can disturb a measurement so much that a difference of times is nothing.
    for _ in 0..<3 {
      let model = try CostModel.measured(kernels)
      guard model.isUsable(widest: vectors) else { continue }
      write(model, file)
      return model
    }
    return try CostModel.measured(kernels)
  }

  private static func read(_ file: URL) -> CostModel? {
    guard let data = try? Data(contentsOf: file) else { return nil }
    return try? JSONDecoder().decode(CostModel.self, from: data)
  }

  private static func write(_ model: CostModel, _ file: URL) {
    guard let data = try? CanonicalJSON.data(model) else { return }
    try? FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try? data.write(to: file, options: .atomic)
  }

  /// Where models are kept: the environment's `CRISP_CACHE`, else the user's cache directory (XDG
  /// Base Directory Specification). An empty `CRISP_CACHE` keeps none.
  package static func directory(environment: [String: String]) -> URL? {
    if let own = environment["CRISP_CACHE"] {
      return own.isEmpty ? nil : URL(filePath: own, directoryHint: .isDirectory)
    }
    if let cache = environment["XDG_CACHE_HOME"], cache.hasPrefix("/") {
      return URL(filePath: cache, directoryHint: .isDirectory).appending(path: "crisp")
    }
    guard let home = environment["HOME"], home.hasPrefix("/") else { return nil }
    return URL(filePath: home, directoryHint: .isDirectory).appending(path: ".cache/crisp")
  }

  /// A file's name in the directory: of the version, the instruction set and the processor.
  package static func fileName(_ instructionSet: InstructionSet) -> String {
    let processor = Processor.name.map { $0.isLetter || $0.isNumber ? $0 : "-" }
    // Debug builds measure kernels that the compiler has not optimised.
    #if DEBUG
      let build = "debug-"
    #else
      let build = ""
    #endif
    return
      "costs-\(CostModel.version)-\(build)\(instructionSet.rawValue)-\(String(processor)).json"
  }
}
