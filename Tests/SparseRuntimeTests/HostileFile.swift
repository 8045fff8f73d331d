import Foundation
import ModelFormats
import NeuralGraph
import SparseRuntime

/// What is done with a file from a stranger. Fuzzing (Tests/Fuzz) does it with millions of files,
/// the tests with those that once went wrong.
enum HostileFile {
  /// How far a file came.
  enum Outcome: Equatable {
    case refused, notPlanned, ran
    /// Reading what was written gave another file.
    case unstable
  }

  /// Values of all activations up to which a session is made, and multiply-accumulates up to which
  /// it runs: a valid file may ask for hours of work.
  private static let mostValues = 1 << 20
  private static let mostWork = 1 << 22

  /// Reads, writes and reads again, plans, runs one image.
  static func exercise(_ data: Data) -> Outcome {
    guard let model = try? PackedModel(data: data) else { return .refused }
    do {
      let written = try model.serialized()
      guard try PackedModel(data: written).serialized() == written else { return .unstable }
    } catch {
      return .unstable
    }
    guard isSmall(model) else { return .notPlanned }
    // Seventeen images lie side by side in memory, one does not.
    let capacity = data.count % 4 == 0 ? 17 : 1
    guard let session = try? Session(model: model, batchCapacity: capacity) else {
      return .notPlanned
    }
    let image = [Float](repeating: 0.5, count: session.inputShape.count)
    guard let scores = try? session.run(images: image, count: 1) else { return .notPlanned }
    return scores.count == session.classCount ? .ran : .unstable
  }

  private static func isSmall(_ model: PackedModel) -> Bool {
    let graph = model.description.graph
    guard let shapes = try? graph.shapes(), let work = try? model.multiplyAccumulates() else {
      return false
    }
    var sum = 0
    for shape in shapes.values { sum += shape.count }
    for node in graph.nodes {
      guard let shape = shapes[node.name] else { return false }
      switch node.operation {
      case .maxPool(let window), .averagePool(let window, _):
        let (area, tooLarge) = window.kernelHeight.multipliedReportingOverflow(
          by: window.kernelWidth)
        let (work, overflow) = area.multipliedReportingOverflow(by: shape.count)
        guard !tooLarge, !overflow, work <= mostWork else { return false }
      default: break
      }
    }
    return sum <= mostValues && work.values.allSatisfy { $0 <= mostWork }
  }
}
