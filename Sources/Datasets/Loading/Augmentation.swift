import Randomness

/// Random changes to training images that keep their class.
public struct Augmentation: Sendable, Hashable, Codable {
  /// Mirror half of the images left to right.
  public var flip: Bool
  /// Move by up to this many pixels along each axis; what moves in is black.
  public var shift: Int

  /// The changes as given.
  public init(flip: Bool, shift: Int) {
    self.flip = flip
    self.shift = shift
  }

  /// No change, for evaluation and saliency.
  public static let none = Augmentation(flip: false, shift: 0)

  /// One image's change.
  struct Draw {
    let flipped: Bool
    let dy: Int
    let dx: Int
  }

  func draw(from generator: inout SeededGenerator) -> Draw {
    Draw(
      flipped: flip && generator.nextIndex(below: 2) == 1,
      dy: shift > 0 ? generator.nextIndex(below: 2 * shift + 1) - shift : 0,
      dx: shift > 0 ? generator.nextIndex(below: 2 * shift + 1) - shift : 0)
  }
}
