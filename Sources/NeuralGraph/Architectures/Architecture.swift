/// The networks that can be named on a command line. Tensor names follow torchvision.
public enum Architecture: String, CaseIterable, Sendable, Codable {
  /// He et al. 2016, section 4.2: three stages of 16, 32, 64 channels for small images.
  case resnet20
  case resnet32

  /// The architecture of that name; the error lists the known ones.
  public init(named name: String) throws(GraphError) {
    guard let architecture = Architecture(rawValue: name) else {
      throw .unknownArchitecture(name, known: Architecture.allCases.map(\.rawValue))
    }
    self = architecture
  }

  /// The network for images of that shape with one score per class.
  public func graph(input: ActivationShape, classes: Int) throws(GraphError) -> Graph {
    switch self {
    case .resnet20: try smallResNet(blocksPerStage: 3, input: input, classes: classes)
    case .resnet32: try smallResNet(blocksPerStage: 5, input: input, classes: classes)
    }
  }
}
