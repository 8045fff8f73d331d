import Randomness

extension Graph {
  /// Fresh weights for training from scratch: He-normal with fan-out for convolutions (He et al.
  /// 2015, as torchvision's ResNets), uniform ±1/√fan-in for linear layers (PyTorch's default),
  /// batch norm at identity.
  public func initialWeights(seed: UInt64) -> Weights {
    var weights: Weights = [:]
    for node in nodes {
      for parameter in node.parameters {
        var generator = SeededGenerator(seed: seed, stream: parameter.name)
        var tensor = Tensor(shape: parameter.shape, filledWith: 0)
        switch (parameter.role, node.operation) {
        case (.weight, .convolution(let c)):
          let fanOut =
            c.outChannels / c.groups * c.window.kernelHeight * c.window.kernelWidth
          let deviation = (2 / Double(fanOut)).squareRoot()
          for i in tensor.values.indices {
            tensor.values[i] = Float(generator.nextGaussian() * deviation)
          }
        case (.weight, .linear(let inFeatures, _, _)), (.bias, .linear(let inFeatures, _, _)):
          let bound = 1 / Double(inFeatures).squareRoot()
          for i in tensor.values.indices {
            tensor.values[i] = Float((generator.nextUniform() * 2 - 1) * bound)
          }
        case (.scale, _),
          (.constant, _) where parameter.name == node.weightName:
          tensor = Tensor(shape: parameter.shape, filledWith: 1)
        case (.statistic, _) where parameter.name == node.varianceName:
          tensor = Tensor(shape: parameter.shape, filledWith: 1)
        default:
          break
        }
        weights[parameter.name] = tensor
      }
    }
    return weights
  }
}
