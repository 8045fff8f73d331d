/// The networks that can be named on a command line. Tensor names and shapes are torchvision's, so
/// that its state dicts fit without renaming.
///
/// Each comes in two forms, chosen by the image (`ImageForm`): torchvision's own for photographs,
/// and the usual variant with less downsampling for small pictures.
///
/// Dropout (VGG-16 and MobileNetV2 in torchvision) is no node: it does nothing when a network
/// answers, and it has no weights. Training here goes without it.
public enum Architecture: String, CaseIterable, Sendable, Codable {
  /// He et al. 2016, section 4.2: three stages of 16, 32, 64 channels for small images.
  case resnet20
  case resnet32
  /// He et al. 2016, table 1; the 50-layer one strides in its 3x3 convolutions, as torchvision's.
  case resnet18
  case resnet34
  case resnet50
  /// Simonyan and Zisserman 2015, configuration D.
  case vgg16
  case vgg16BN = "vgg16_bn"
  /// Sandler et al. 2018, table 2, width 1.
  case mobileNetV2 = "mobilenet_v2"

  /// The architecture of that name; the error lists the known ones.
  public init(named name: String) throws(GraphError) {
    guard let architecture = Architecture(rawValue: name) else {
      throw .unknownArchitecture(name, known: Architecture.allCases.map(\.rawValue))
    }
    self = architecture
  }

  /// The network for images of that shape with one score per class.
  ///
  /// Throws `GraphError.invalidNode` when the image is too small or (VGG-16) of a size whose
  /// pooling cannot be expressed.
  public func graph(input: ActivationShape, classes: Int) throws(GraphError) -> Graph {
    switch self {
    case .resnet20: try smallResNet(blocksPerStage: 3, input: input, classes: classes)
    case .resnet32: try smallResNet(blocksPerStage: 5, input: input, classes: classes)
    case .resnet18:
      try resNet(blocks: [2, 2, 2, 2], bottlenecks: false, input: input, classes: classes)
    case .resnet34:
      try resNet(blocks: [3, 4, 6, 3], bottlenecks: false, input: input, classes: classes)
    case .resnet50:
      try resNet(blocks: [3, 4, 6, 3], bottlenecks: true, input: input, classes: classes)
    case .vgg16: try vgg16Graph(batchNorm: false, input: input, classes: classes)
    case .vgg16BN: try vgg16Graph(batchNorm: true, input: input, classes: classes)
    case .mobileNetV2: try mobileNetV2Graph(input: input, classes: classes)
    }
  }
}
