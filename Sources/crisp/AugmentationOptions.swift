import ArgumentParser
import Datasets

/// How training images are changed, where the usual way does not fit: a mirrored b is a d.
struct AugmentationOptions: ParsableArguments {
  @Flag(
    inversion: .prefixedNo,
    help: "Mirror half of the training images (default: yes); wrong for letters and digits.")
  var flip: Bool?

  @Option(
    help: "Move training images by up to this many pixels (default: 2, none for photographs).")
  var shift: Int?

  func validate() throws {
    guard shift.map({ (0...64).contains($0) }) ?? true else {
      throw ValidationError("--shift must be 0 to 64.")
    }
  }

  /// The usual changes with those that were asked for.
  func applied(to usual: Augmentation) -> Augmentation {
    Augmentation(flip: flip ?? usual.flip, shift: shift ?? usual.shift, crop: usual.crop)
  }
}
