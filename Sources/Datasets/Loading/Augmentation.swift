import Randomness

/// Random changes to training images that keep their class.
public struct Augmentation: Sendable, Hashable, Codable {
  /// Mirror half of the images left to right.
  public var flip: Bool
  /// Move by up to this many pixels along each axis; what moves in is black.
  public var shift: Int
  /// A random resized crop keeps at least this share of a picture's area, above 0 and at most 1;
  /// nil cuts nothing. It takes the place of the resizing that evaluation does.
  public var crop: Double?

  /// Turns and sizes; nil leaves both.
  public var warp: Warp?

  /// Turns by up to an angle and sizes up to a share larger or smaller, about the middle: what
  /// glyphs of another font or a camera held otherwise look like.
  public struct Warp: Sendable, Hashable, Codable {
    /// Degrees to either side, 0…180.
    public var rotation: Double
    /// 0.1 makes an image up to 10 % larger or smaller; 0…0.5. Height and width each have their own.
    public var scale: Double

    /// Bounds as given.
    public init(rotation: Double, scale: Double) {
      self.rotation = rotation
      self.scale = scale
    }
  }

  /// The changes as given.
  public init(flip: Bool, shift: Int, crop: Double? = nil, warp: Warp? = nil) {
    self.flip = flip
    self.shift = shift
    self.crop = crop
    self.warp = warp
  }

  /// No change, for evaluation and saliency.
  public static let none = Augmentation(flip: false, shift: 0)
  /// For small images of one size.
  public static let small = Augmentation(flip: true, shift: 2)
  /// For photographs, torchvision's recipe for ImageNet: at least 8 % of the area, and flips.
  public static let photographs = Augmentation(flip: true, shift: 0, crop: 0.08)

  /// The usual changes for pictures that come to a model this way.
  public static func standard(for geometry: InputGeometry) -> Augmentation {
    geometry.resize == nil ? .small : .photographs
  }

  /// One image's change.
  struct Draw {
    let flipped: Bool
    let dy: Int
    let dx: Int
    /// Where the crop lies depends on the picture's size, which is not known when this is drawn.
    let cropSeed: UInt64?
    let warp: ImageWarp?

    static let none = Draw(flipped: false, dy: 0, dx: 0, cropSeed: nil, warp: nil)
  }

  func draw(from generator: inout SeededGenerator) -> Draw {
    Draw(
      flipped: flip && generator.nextIndex(below: 2) == 1,
      dy: shift > 0 ? generator.nextIndex(below: 2 * shift + 1) - shift : 0,
      dx: shift > 0 ? generator.nextIndex(below: 2 * shift + 1) - shift : 0,
      cropSeed: crop == nil ? nil : generator.next(),
      warp: warp.map { ImageWarp($0, from: &generator) })
  }

  /// The part of a picture that a draw keeps; nil leaves it to the geometry.
  func region(width: Int, height: Int, draw: Draw) -> PictureRegion? {
    guard let crop, let seed = draw.cropSeed else { return nil }
    return RandomCrop(smallest: max(0, min(1, crop)))
      .region(width: width, height: height, seed: seed)
  }
}
