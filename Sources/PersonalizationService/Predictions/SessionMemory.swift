import ModelFormats
import NeuralGraph
import SparseRuntime

// Stands in for `Session.memoryBytes`, which knows: once SparseRuntime has that, PooledSession uses
// it and this file goes.
extension Session {
  /// About the bytes that the session holds: the weights laid out for the kernels, and every
  /// activation, of which the session lets some share a buffer.
  func estimatedMemoryBytes(of loaded: SessionCache.Loaded) -> Int {
    let shapes = (try? loaded.model.description.graph.shapes()) ?? [:]
    let activations = shapes.values.reduce(0) { $0 + $1.count }
    return loaded.bytes + activations * batchCapacity * MemoryLayout<Float>.stride
  }
}
