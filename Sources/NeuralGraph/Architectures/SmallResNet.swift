/// A residual network for images of 28 to 32 pixels (He et al. 2016, section 4.2), with projection
/// shortcuts where the shape changes (option B), so that every shortcut can be pruned.
func smallResNet(
  blocksPerStage: Int, channels base: Int, input: ActivationShape, classes: Int
) throws(GraphError) -> Graph {
  var builder = GraphBuilder(input: input)
  var x = builder.convolution("conv1", builder.image, out: base, kernel: 3, padding: 1)
  x = builder.batchNorm("bn1", x)
  x = builder.relu("relu1", x)
  var channels = base
  for stage in 1...3 {
    let out = base << (stage - 1)
    for block in 0..<blocksPerStage {
      let stride = stage > 1 && block == 0 ? 2 : 1
      let name = "layer\(stage).\(block)"
      x = builder.basicBlock(name, x, channels: channels, out: out, stride: stride)
      channels = out
    }
  }
  x = builder.globalAveragePool("avgpool", x)
  x = builder.linear("fc", x, features: channels, out: classes)
  return try builder.graph(output: x)
}
