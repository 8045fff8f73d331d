import Randomness

/// The images of each class, in two parts.
struct ClassSplit {
  /// Per class, the indices that stay.
  let kept: [[Int]]
  /// Per class, the indices that are set apart.
  let heldOut: [[Int]]

  /// Draws `share` of each class with a constant seed. Throws on a label without a class and on a
  /// class without images; `name` and `split` are for the errors.
  init(labels: [Int], classes: [String], share: Double, name: String, split: String)
    throws(DatasetError)
  {
    var byClass = [[Int]](repeating: [], count: classes.count)
    for (index, label) in labels.enumerated() {
      guard byClass.indices.contains(label) else {
        throw .malformed(
          file: name,
          reason: "image \(index) has label \(label); there are \(classes.count) classes")
      }
      byClass[label].append(index)
    }
    var kept: [[Int]] = []
    var heldOut: [[Int]] = []
    for (label, indices) in byClass.enumerated() {
      guard !indices.isEmpty else { throw .emptyClass(classes[label], split: split) }
      var shuffled = indices
      var generator = SeededGenerator(seed: 0, stream: "validation split \(label)")
      generator.shuffle(&shuffled)
      let count = Int((Double(indices.count) * share).rounded())
      heldOut.append(shuffled.prefix(count).sorted())
      kept.append(shuffled.dropFirst(count).sorted())
    }
    self.kept = kept
    self.heldOut = heldOut
  }
}
