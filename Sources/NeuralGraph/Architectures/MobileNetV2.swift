/// MobileNetV2 (Sandler et al. 2018, table 2) with torchvision's names.
///
/// Small images keep their resolution in the stem and in the 24-channel stage, the usual variant
/// for 32x32 pictures: they are divided by 8 instead of 32. The last convolution does not get narrower
/// with the others (section 5).
func mobileNetV2Graph(
  scaled: (Int) -> Int, input: ActivationShape, classes: Int
) throws(GraphError) -> Graph {
  let small = ImageForm(for: input) == .small
  /// Expansion, output channels, repetitions and first stride of each stage.
  let stages: [(expansion: Int, out: Int, count: Int, stride: Int)] = [
    (1, 16, 1, 1), (6, 24, 2, small ? 1 : 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
    (6, 160, 3, 2), (6, 320, 1, 1),
  ]
  var builder = GraphBuilder(input: input)
  var channels = scaled(32)
  var x = builder.normalizedConvolution(
    "features.0", builder.image, out: channels, kernel: 3, stride: small ? 1 : 2)
  let last = max(1280, scaled(1280))
  var index = 1
  for stage in stages {
    let out = scaled(stage.out)
    for repetition in 0..<stage.count {
      x = builder.invertedResidual(
        "features.\(index)", x, channels: channels, expansion: stage.expansion, out: out,
        stride: repetition == 0 ? stage.stride : 1)
      channels = out
      index += 1
    }
  }
  x = builder.normalizedConvolution("features.\(index)", x, out: last, kernel: 1)
  x = builder.globalAveragePool("avgpool", x)
  x = builder.linear("classifier.1", x, features: last, out: classes)
  return try builder.graph(output: x)
}

extension GraphBuilder {
  /// Convolution, batch norm and ReLU6 under torchvision's names `.0`, `.1`, `.2`.
  fileprivate mutating func normalizedConvolution(
    _ name: String, _ x: String, out: Int, kernel: Int, stride: Int = 1, groups: Int = 1
  ) -> String {
    var y = convolution(
      "\(name).0", x, out: out, kernel: kernel, stride: stride, padding: (kernel - 1) / 2,
      groups: groups)
    y = batchNorm("\(name).1", y)
    return relu("\(name).2", y, limit: 6)
  }

  /// 1x1 up, depthwise 3x3, 1x1 down without activation, and a shortcut where the shape stays
  /// (Sandler et al. 2018, figure 4d).
  fileprivate mutating func invertedResidual(
    _ name: String, _ x: String, channels: Int, expansion: Int, out: Int, stride: Int
  ) -> String {
    let hidden = channels * expansion
    var y = x
    var position = 0
    if expansion != 1 {
      y = normalizedConvolution("\(name).conv.0", y, out: hidden, kernel: 1)
      position = 1
    }
    y = normalizedConvolution(
      "\(name).conv.\(position)", y, out: hidden, kernel: 3, stride: stride, groups: hidden)
    y = convolution("\(name).conv.\(position + 1)", y, out: out, kernel: 1)
    y = batchNorm("\(name).conv.\(position + 2)", y)
    return stride == 1 && channels == out ? add("\(name).add", y, x) : y
  }
}
