import NeuralGraph

/// The one value that a network reads: images in batches.
struct ImageInput {
  let name: String
  let shape: ActivationShape
  let layout: Layout
  /// How many images the file is written for, where it says a number.
  let batch: Int?

  /// `image` is the shape where the file leaves it open.
  init(_ inputs: [ONNXValueInfo], image: ActivationShape?) throws(ONNXError) {
    guard inputs.count == 1, let input = inputs.first else {
      throw .unsupportedInput(
        reason: "there must be one, the image, and there are \(inputs.count)")
    }
    guard TensorType(rawValue: input.type.tensorType.elemType)?.isFloat == true else {
      throw .unsupportedInput(reason: "'\(input.name)' does not hold floating-point numbers")
    }
    let dimensions = input.type.tensorType.shape.dim
    guard dimensions.count == 4 else {
      throw .unsupportedInput(
        reason: "'\(input.name)' has \(dimensions.count) dimensions; images in batches have four "
          + "(batch, channels, height, width)")
    }
    let isChannelsLast = ImageInput.isChannelsLast(dimensions)
    var sides: [Int] = []
    let fallback = [image?.channels, image?.height, image?.width]
    for (axis, fallback) in zip(isChannelsLast ? [3, 1, 2] : [1, 2, 3], fallback) {
      if case .dimValue(let value)? = dimensions[axis].value, value > 0 {
        sides.append(Int(value))
      } else if let fallback {
        sides.append(fallback)
      } else {
        throw .unsupportedInput(
          reason: "'\(input.name)' leaves its channels, height or width open; export the model "
            + "with a fixed image size, or state one as preprocessing")
      }
    }
    shape = ActivationShape(channels: sides[0], height: sides[1], width: sides[2])
    // Validates the sides, so that arithmetic with them is safe.
    do {
      _ = try Node(name: "image", operation: .relu(limit: nil), inputs: [Graph.inputName])
        .outputShape(reading: [shape])
    } catch {
      throw .unsupportedInput(reason: "an image of \(shape) is too large")
    }
    name = input.name
    layout = isChannelsLast ? .channelsLast(shape) : .image(shape)
    if case .dimValue(let count)? = dimensions[0].value, count > 0 {
      batch = Int(count)
    } else {
      batch = nil
    }
  }

  /// Whether images are [N, height, width, channels], as TensorFlow has them: told by the axis that
  /// is as short as channels are.
  private static func isChannelsLast(_ dimensions: [ONNXDimension]) -> Bool {
    func isChannels(_ dimension: ONNXDimension) -> Bool {
      if case .dimValue(let value)? = dimension.value { (1...4).contains(value) } else { false }
    }
    return isChannels(dimensions[3]) && !isChannels(dimensions[1])
  }
}
