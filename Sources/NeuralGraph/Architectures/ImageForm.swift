/// Which variant of an architecture an image asks for.
public enum ImageForm: Hashable, Sendable {
  /// Sides of at most 64 pixels: the stem keeps the resolution ("CIFAR form").
  case small
  /// Larger pictures: torchvision's network ("ImageNet form").
  case photograph

  /// The largest side that still gets the small form.
  public static let largestSmallSide = 64

  /// The form for images of that shape.
  public init(for image: ActivationShape) {
    self = max(image.height, image.width) <= ImageForm.largestSmallSide ? .small : .photograph
  }
}
