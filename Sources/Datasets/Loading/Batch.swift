/// Normalised images with their labels, ready for a network.
public struct Batch: Sendable {
  /// NCHW, `count` x channels x height x width.
  public var images: [Float]
  /// One index per image into the classes of the loader, not of the data set.
  public var labels: [Int]

  /// A batch as given.
  public init(images: [Float], labels: [Int]) {
    self.images = images
    self.labels = labels
  }

  /// Number of images.
  public var count: Int { labels.count }
}
