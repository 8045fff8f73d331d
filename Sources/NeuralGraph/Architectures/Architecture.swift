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
  /// The same with five blocks a stage instead of three.
  case resnet32
  /// He et al. 2016, table 1; the 50-layer one strides in its 3x3 convolutions, as torchvision's.
  case resnet18
  /// Two layers a block like the 18-layer one, 3, 4, 6 and 3 blocks.
  case resnet34
  /// Three layers a block, 3, 4, 6 and 3 blocks.
  case resnet50
  /// Simonyan and Zisserman 2015, configuration D.
  case vgg16
  /// The same with batch norm after every convolution, as torchvision has it.
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

  /// What model files call the network with layers `width` times as wide: `resnet20 x 0.5`.
  public func title(width: Double) -> String { width == 1 ? rawValue : "\(rawValue) x \(width)" }

  /// The architecture of a network that model files call so, whatever its width.
  public init?(title: String) {
    self.init(rawValue: String(title.prefix { $0 != " " }))
  }

  /// How wide a network is that model files call so; nil where its name has no such end.
  public static func width(ofTitle title: String) -> Double? {
    let parts = title.split(separator: " ")
    guard parts.count > 1 else { return 1 }
    guard parts.count == 3, parts[1] == "x" else { return nil }
    return Double(parts[2])
  }

  /// The network for images of that shape with one score per class, its layers `width` times as
  /// wide (Zagoruyko and Komodakis 2016; for MobileNetV2, Sandler et al. 2018, section 5).
  ///
  /// Throws `GraphError.invalidWidth` for factors outside 0…16 and `GraphError.invalidNode` when the
  /// image is too small or (VGG-16) of a size whose pooling cannot be expressed.
  public func graph(
    input: ActivationShape, classes: Int, width: Double = 1
  ) throws(GraphError) -> Graph {
    guard width > 0, width <= 16 else { throw .invalidWidth(width) }
    func scaled(_ channels: Int) -> Int { Architecture.scaled(channels, by: width) }
    func basic(_ blocks: [Int], bottlenecks: Bool = false) throws(GraphError) -> Graph {
      try resNet(
        blocks: blocks, bottlenecks: bottlenecks, channels: scaled(64), input: input,
        classes: classes)
    }
    return switch self {
    case .resnet20:
      try smallResNet(blocksPerStage: 3, channels: scaled(16), input: input, classes: classes)
    case .resnet32:
      try smallResNet(blocksPerStage: 5, channels: scaled(16), input: input, classes: classes)
    case .resnet18: try basic([2, 2, 2, 2])
    case .resnet34: try basic([3, 4, 6, 3])
    case .resnet50: try basic([3, 4, 6, 3], bottlenecks: true)
    case .vgg16:
      try vgg16Graph(batchNorm: false, scaled: scaled, input: input, classes: classes)
    case .vgg16BN:
      try vgg16Graph(batchNorm: true, scaled: scaled, input: input, classes: classes)
    case .mobileNetV2: try mobileNetV2Graph(scaled: scaled, input: input, classes: classes)
    }
  }

  /// Channels of a layer `width` times as wide: a multiple of 8, because the pattern's groups and
  /// tiles lie along them.
  static func scaled(_ channels: Int, by width: Double) -> Int {
    width == 1 ? channels : max(8, 8 * Int((Double(channels) * width / 8).rounded()))
  }
}
