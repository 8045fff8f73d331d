import Randomness

/// The images of each class, in two parts.
struct ClassSplit {
  /// Per class, the indices that stay.
  let kept: [[Int]]
  /// Per class, the indices that are set apart.
  let heldOut: [[Int]]

  /// Draws `share` of each class with a constant seed. Throws on a label without a class and on a
  /// class without images.
  init(images: LabelledImages, classes: [String], share: Double, name: String)
    throws(DatasetError)
  {
    var byClass = [[Int]](repeating: [], count: classes.count)
    for (index, label) in images.labels.enumerated() {
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
      guard !indices.isEmpty else {
        throw .emptyClass(classes[label], split: share > 0 ? "training" : "test")
      }
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
