import ModelFormats
import NeuralGraph
import SparseRuntime

extension PackedModel {
  /// Bytes of the weights as they lie in memory.
  var memoryBytes: Int {
    let float = MemoryLayout<Float>.stride
    let packed = layers.values.reduce(0) {
      $0 + $1.values.count * float + $1.blockColumns.count * MemoryLayout<UInt16>.stride
        + $1.positions.count
    }
    return dense.values.reduce(packed) { $0 + $1.values.count * float }
  }
}

// To be replaced by `Session.memoryBytes` of SparseRuntime, which knows: delete this extension and
// call that.
extension Session {
  /// About the bytes that the session holds: the weights laid out for the kernels, and every
  /// activation, of which the session lets some share a buffer.
  func estimatedMemoryBytes(of model: PackedModel) -> Int {
    let shapes = (try? model.description.graph.shapes()) ?? [:]
    let activations = shapes.values.reduce(0) { $0 + $1.count }
    return model.memoryBytes + activations * batchCapacity * MemoryLayout<Float>.stride
  }
}
