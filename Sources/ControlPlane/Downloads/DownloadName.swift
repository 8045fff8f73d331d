/// How a downloaded model is called: after its classes.
package enum DownloadName {
  /// Bytes of class names before the rest is only counted.
  private static let maxByteCount = 120

  /// As many class names as fit, then how many more there are.
  package static func stem(labels: [String]) -> String {
    var stem = ""
    for (index, label) in labels.enumerated() {
      let longer = stem.isEmpty ? label : "\(stem), \(label)"
      guard index == 0 || longer.utf8.count <= maxByteCount else {
        return "\(stem) and \(labels.count - index) more"
      }
      stem = longer
    }
    return stem
  }
}
