/// VGG-16 (Simonyan and Zisserman 2015, configuration D) with torchvision's names, with or without
/// batch norm.
///
/// torchvision pools the features to 7x7 before its three classifier layers. That is nothing at 224
/// pixels and an average over equal windows at multiples of 224; other sizes of photographs are
/// refused. Small images are pooled to 1x1, so `classifier.0` reads 512 features and the rest of
/// the classifier is torchvision's. (torchvision's own pool would repeat the one position of a
/// 32x32 picture 49 times: its `classifier.0`, summed over positions, is ours.) A max pool that
/// would see a side of one pixel is left out, which lets 28x28 pictures in.
func vgg16Graph(
  batchNorm: Bool, scaled: (Int) -> Int, input: ActivationShape, classes: Int
) throws(GraphError) -> Graph {
  var builder = GraphBuilder(input: input)
  var (height, width) = (input.height, input.width)
  var x = builder.image
  // torchvision numbers every layer of the feature extractor, those without weights included.
  var index = 0
  func next() -> String {
    defer { index += 1 }
    return "features.\(index)"
  }
  for (channels, convolutions) in [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)] {
    for _ in 0..<convolutions {
      x = builder.convolution(next(), x, out: scaled(channels), kernel: 3, padding: 1, bias: true)
      if batchNorm { x = builder.batchNorm(next(), x) }
      x = builder.relu(next(), x)
    }
    let pool = next()
    guard min(height, width) > 1 else { continue }
    x = builder.maxPool(pool, x, Window(kernel: 2, stride: 2))
    (height, width) = (height / 2, width / 2)
  }
  let features: Int
  switch ImageForm(for: input) {
  case .small:
    features = scaled(512)
    if max(height, width) > 1 { x = builder.globalAveragePool("avgpool", x) }
  case .photograph:
    let side = 7
    features = scaled(512) * side * side
    guard height % side == 0, width % side == 0, min(height, width) > 0 else {
      throw .invalidNode(
        node: "avgpool",
        reason: """
          VGG-16 turns images of \(input) into features of \(height)x\(width), and its classifier \
          reads 7x7: use sides that are multiples of 224, or at most \
          \(ImageForm.largestSmallSide), pixels
          """)
    }
    if height > side || width > side {
      let window = Window(
        kernelHeight: height / side, kernelWidth: width / side, strideHeight: height / side,
        strideWidth: width / side)
      x = builder.averagePool("avgpool", x, window)
    }
  }
  x = builder.linear("classifier.0", x, features: features, out: scaled(4096))
  x = builder.relu("classifier.1", x)
  x = builder.linear("classifier.3", x, features: scaled(4096), out: scaled(4096))
  x = builder.relu("classifier.4", x)
  x = builder.linear("classifier.6", x, features: scaled(4096), out: classes)
  return try builder.graph(output: x)
}
