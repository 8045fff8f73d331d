/// Labels that count from 1 where this project, as most, counts from 0: every class would get its
/// neighbour's name, and the last none.
enum LabelCounting {
  /// Throws where no label is 0 and the labels would fit if they were one less: the highest is the
  /// number of `classes`, or with unnamed classes (nil) 1 occurs.
  static func check(_ labels: [Int], array: String, file: String, classes: Int?)
    throws(DatasetError)
  {
    guard let lowest = labels.min(), let highest = labels.max(), lowest == 1, highest > 1,
      highest == classes ?? highest
    else { return }
    throw .malformed(
      file: file,
      reason: "the labels of \(array) count from 1 (they go from 1 to \(highest)), and classes "
        + "count from 0: subtract 1 from each")
  }
}
