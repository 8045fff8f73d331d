import ArgumentParser
import Datasets
import Flags
import Inputs

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
    try InputRange(0...64).check(shift, "--shift")
  }

  /// The usual changes with those that were asked for.
  func applied(to usual: Augmentation) -> Augmentation {
    Augmentation(flip: flip ?? usual.flip, shift: shift ?? usual.shift, crop: usual.crop)
  }
}
