import Foundation
import ModelFormats
import SparseRuntime

/// A model of either kind with a session, its input and the scores of the last run.
final class LoadedModel {
  /// The kernels that sessions here use.
  static let instructions = InstructionSet.best.rawValue

  /// Milliseconds of reading and planning, and what the session says of itself, as `key=value`.
  let facts: String
  private(set) var scores: [Float]
  private let session: Session
  private let images: [Float]
  private let batch: Int

  init(path: String, batch: Int, inputPath: String, threads: Int) throws {
    let start = DispatchTime.now().uptimeNanoseconds
    let file = try ModelFile(contentsOf: URL(filePath: path))
    let read = DispatchTime.now().uptimeNanoseconds
    switch file {
    case .packed(let model):
      session = try Session(model: model, batchCapacity: batch, threads: threads)
    case .dense(let model):
      session = try Session(model: model, batchCapacity: batch, threads: threads)
    }
    let planned = DispatchTime.now().uptimeNanoseconds
    facts =
      "read=\(Double(read - start) / 1e6) plan=\(Double(planned - read) / 1e6) "
      + "activations=\(session.memoryBytes)"
    self.batch = batch
    let count = batch * session.inputShape.count
    let bytes = try Data(contentsOf: URL(filePath: inputPath), options: .mappedIfSafe)
    images = [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      initialized = bytes.copyBytes(to: buffer) / MemoryLayout<Float>.size
    }
    scores = [Float](repeating: 0, count: batch * session.classCount)
  }

  /// Into the buffer of the last run, as a program that cares about latency does.
  func run() throws(RuntimeError) {
    let result = images.withUnsafeBufferPointer { source in
      scores.withUnsafeMutableBufferPointer { target in
        Result { () throws(RuntimeError) in
          try session.run(images: source, count: batch, scores: target)
        }
      }
    }
    try result.get()
  }
}
