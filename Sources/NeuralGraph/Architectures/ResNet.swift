/// ResNet-18, -34 and -50 (He et al. 2016, table 1) with torchvision's names.
///
/// Photographs get the 7x7 stem with stride 2 and a max pool; small images a 3x3 stem with
/// stride 1 and no pool, the usual variant for 32x32 pictures. The stem has `base` channels (64), and
/// each stage twice those of the one before.
func resNet(
  blocks: [Int], bottlenecks: Bool, channels base: Int, input: ActivationShape, classes: Int
) throws(GraphError) -> Graph {
  var builder = GraphBuilder(input: input)
  var x: String
  switch ImageForm(for: input) {
  case .small:
    x = builder.convolution("conv1", builder.image, out: base, kernel: 3, padding: 1)
    x = builder.batchNorm("bn1", x)
    x = builder.relu("relu", x)
  case .photograph:
    x = builder.convolution("conv1", builder.image, out: base, kernel: 7, stride: 2, padding: 3)
    x = builder.batchNorm("bn1", x)
    x = builder.relu("relu", x)
    x = builder.maxPool("maxpool", x, Window(kernel: 3, stride: 2, padding: 1))
  }
  var channels = base
  for (stage, count) in blocks.enumerated() {
    let width = base << stage
    for block in 0..<count {
      let name = "layer\(stage + 1).\(block)"
      let stride = stage > 0 && block == 0 ? 2 : 1
      if bottlenecks {
        x = builder.bottleneck(name, x, channels: channels, width: width, stride: stride)
        channels = width * GraphBuilder.bottleneckExpansion
      } else {
        x = builder.basicBlock(name, x, channels: channels, out: width, stride: stride)
        channels = width
      }
    }
  }
  x = builder.globalAveragePool("avgpool", x)
  x = builder.linear("fc", x, features: channels, out: classes)
  return try builder.graph(output: x)
}

extension GraphBuilder {
  /// Outputs of a bottleneck per channel of its width.
  static let bottleneckExpansion = 4

  /// Two 3x3 convolutions and a shortcut (He et al. 2016, figure 5 left), under torchvision's names.
  public mutating func basicBlock(_ name: String, _ x: String, channels: Int, out: Int, stride: Int)
    -> String
  {
    var y = convolution("\(name).conv1", x, out: out, kernel: 3, stride: stride, padding: 1)
    y = batchNorm("\(name).bn1", y)
    y = relu("\(name).relu1", y)
    y = convolution("\(name).conv2", y, out: out, kernel: 3, padding: 1)
    y = batchNorm("\(name).bn2", y)
    let shortcut = shortcut(name, x, channels: channels, out: out, stride: stride)
    y = add("\(name).add", y, shortcut)
    return relu("\(name).relu2", y)
  }

  /// 1x1 down to `width`, 3x3, 1x1 up to four times `width`, and a shortcut (figure 5 right). The
  /// stride is in the 3x3 convolution, as in torchvision ("ResNet v1.5").
  mutating func bottleneck(_ name: String, _ x: String, channels: Int, width: Int, stride: Int)
    -> String
  {
    let out = width * GraphBuilder.bottleneckExpansion
    var y = convolution("\(name).conv1", x, out: width, kernel: 1)
    y = batchNorm("\(name).bn1", y)
    y = relu("\(name).relu1", y)
    y = convolution("\(name).conv2", y, out: width, kernel: 3, stride: stride, padding: 1)
    y = batchNorm("\(name).bn2", y)
    y = relu("\(name).relu2", y)
    y = convolution("\(name).conv3", y, out: out, kernel: 1)
    y = batchNorm("\(name).bn3", y)
    let shortcut = shortcut(name, x, channels: channels, out: out, stride: stride)
    y = add("\(name).add", y, shortcut)
    return relu("\(name).relu3", y)
  }

  /// The value itself, or its projection where the shape changes (option B).
  private mutating func shortcut(
    _ name: String, _ x: String, channels: Int, out: Int, stride: Int
  ) -> String {
    guard stride != 1 || channels != out else { return x }
    let y = convolution("\(name).downsample.0", x, out: out, kernel: 1, stride: stride)
    return batchNorm("\(name).downsample.1", y)
  }
}
