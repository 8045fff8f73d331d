import COneDNN

/// An activation that comparisons with other programs set to a number of their own.
///
/// Where a rectifier or a pool chooses between values within rounding, the choice falls differently
/// on every processor, and one in millions changes all gradients before it by percents. A pin moves
/// such a value a margin away; gradients pass as if it had been computed.
package struct PinnedValue: Sendable, Hashable {
  /// Row-major index into the output of a convolution, images x channels x height x width.
  package let index: Int
  /// What stands there, before the rectifier where one is fused.
  package let value: Float

  /// A value at a row-major index.
  package init(index: Int, value: Float) {
    self.index = index
    self.value = value
  }
}

extension ProgramCompiler {
  /// Puts the pins of a node into its result, which a fused rectifier has already cut.
  func emitPins(of name: String, to target: OneDNNMemory, tail: Tail) throws(TrainingError) {
    guard mode.hasBackward, let pinned = resources.pins[name] else { return }
    let layout = target.descriptor
    let count = layout.dimensions.reduce(1, *)
    guard layout.data_type == dnnl_f32, pinned.allSatisfy({ (0..<count).contains($0.index) }) else {
      throw .invalidInput("pins of '\(name)' need 32-bit floats and indices below \(count)")
    }
    let writes = pinned.map {
      (layout.offset(ofRowMajor: $0.index), min(max($0.value, tail.lower), tail.upper))
    }
    let buffer = target.buffer
    emit { () throws(TrainingError) in
      for (offset, value) in writes { buffer.floats[offset] = value }
    }
  }
}

extension dnnl_memory_desc_t {
  /// Where a buffer of this layout holds the value that a row-major one holds at `index`.
  func offset(ofRowMajor index: Int) -> Int {
    var rest = index
    var place = dimensions
    for axis in place.indices.reversed() {
      let size = place[axis]
      place[axis] = rest % size
      rest /= size
    }
    let blocking = format_desc.blocking
    func numbers<Tuple>(_ tuple: Tuple) -> [Int] {
      withUnsafeBytes(of: tuple) { $0.bindMemory(to: Int64.self).map(Int.init) }
    }
    let (blocks, axes) = (numbers(blocking.inner_blks), numbers(blocking.inner_idxs))
    var offset = Int(offset0)
    var stride = 1
    for block in (0..<Int(blocking.inner_nblks)).reversed() {
      offset += place[axes[block]] % blocks[block] * stride
      place[axes[block]] /= blocks[block]
      stride *= blocks[block]
    }
    return offset + zip(place, numbers(blocking.strides)).reduce(0) { $0 + $1.0 * $1.1 }
  }
}
