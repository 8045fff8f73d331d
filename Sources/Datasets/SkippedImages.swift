import Synchronization

/// The images of a data set that could not be decoded and were left out so far.
public struct SkippedImages: Sendable, Hashable {
  /// Different images per split; splits without any are absent.
  public let counts: [Split: Int]
  /// Why one of them was: the first by split and position.
  public let example: DatasetError?

  /// Over all splits.
  public var total: Int { counts.values.reduce(0, +) }

  /// One sentence for a person; nil when nothing was left out.
  public var warning: String? { warning(example: example) }

  /// The same for users of a server, without the folders of its disk.
  public var warningWithoutFolders: String? { warning(example: example?.withoutFolders) }

  private func warning(example: DatasetError?) -> String? {
    guard total > 0 else { return nil }
    let parts = Split.allCases.compactMap { split in
      counts[split].map { "\($0) of the \(split.rawValue) split" }
    }
    let reason = example.map { "; for example: \($0)" } ?? ""
    return "skipped images that cannot be decoded: \(parts.joined(separator: ", "))\(reason)"
  }
}

/// Collects what every loader of a data set had to skip. An image that comes again is not counted
/// again.
final class SkipLog: Sendable {
  private struct Entries {
    var images: [Split: Set<Int>] = [:]
    var examples: [Split: (image: Int, error: DatasetError)] = [:]
  }

  private let entries = Mutex(Entries())

  func add(_ split: Split, _ image: Int, _ error: DatasetError) {
    entries.withLock { entries in
      entries.images[split, default: []].insert(image)
      if entries.examples[split].map({ image < $0.image }) ?? true {
        entries.examples[split] = (image, error)
      }
    }
  }

  /// Whether an image failed before: it need not be read again.
  func contains(_ split: Split, _ image: Int) -> Bool {
    entries.withLock { $0.images[split]?.contains(image) ?? false }
  }

  var summary: SkippedImages {
    entries.withLock { entries in
      SkippedImages(
        counts: entries.images.mapValues(\.count),
        example: Split.allCases.compactMap { entries.examples[$0]?.error }.first)
    }
  }
}
