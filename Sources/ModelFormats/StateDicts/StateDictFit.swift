import NeuralGraph

/// A graph that a state dict fills.
struct StateDictFit {
  let architecture: Architecture
  let form: ImageForm
  let classes: Int
  /// What all layers have of the architecture's own channels; where they differ, the width at which it
  /// has the same shortcuts.
  let width: Double
  let graph: Graph
  let weights: Weights

  /// What the file calls the network: its architecture, with the width.
  var title: String { architecture.title(width: width) }

  /// Whether the tensors imply that the images are photographs of 224 pixels: by the 7x7 stem of a
  /// ResNet and the classifier of VGG-16, whose shapes the small form does not share, and by
  /// ImageNet's thousand classes for MobileNetV2, where it shares all.
  var impliesInput: Bool {
    switch architecture {
    case .resnet20, .resnet32: false
    case .resnet18, .resnet34, .resnet50, .vgg16, .vgg16BN: form == .photograph
    case .mobileNetV2: classes == 1000
    }
  }

  /// The only architecture and form that the tensors fit. Sizes of images are tried when none is
  /// given, photographs first.
  static func best(
    _ dict: StateDict, architecture: Architecture?, input: ActivationShape?
  ) throws(FormatError) -> StateDictFit {
    var fits: [StateDictFit] = []
    var misfits: [Misfit] = []
    for candidate in architecture.map({ [$0] }) ?? Architecture.allCases {
      for side in input == nil ? [224, 32] : [0] {
        let attempt = Attempt(
          architecture: candidate, weights: dict.weights, title: dict.title, input: input,
          side: side)
        do throws(GraphError) {
          fits.append(try attempt.fit())
          break
        } catch {
          misfits.append(
            Misfit(architecture: candidate, error: error, share: attempt.shareOfNames()))
        }
      }
    }
    if fits.count == 1, let fit = fits.first { return fit }
    guard fits.isEmpty else {
      throw .ambiguousStateDict(candidates: fits.map(\.architecture.rawValue))
    }
    guard let closest = misfits.max(by: { $0.share < $1.share }) else {
      throw .ambiguousStateDict(candidates: [])
    }
    if architecture != nil { throw .graph(closest.error) }
    throw .unknownStateDict(
      known: Architecture.allCases.map(\.rawValue), closest: closest.architecture.rawValue,
      closest.error)
  }

  private struct Misfit {
    let architecture: Architecture
    let error: GraphError
    let share: Double
  }
}

/// One architecture and image size, tried on the tensors.
private struct Attempt {
  let architecture: Architecture
  let weights: Weights
  /// What the file calls the network, if it does.
  let title: String?
  let input: ActivationShape?
  let side: Int

  func fit() throws(GraphError) -> StateDictFit {
    let graph = try graph()
    let weights = adapted(to: graph)
    do throws(GraphError) {
      try graph.validate(weights)
      return fit(graph, weights, width: 1)
    } catch {
      guard case .weightShape = error else { throw error }
      // What the file says of itself, every layer of one width, channels of their own; else the first
      // difference is what to say.
      guard let (other, width) = stated(graph) ?? scaled(graph) ?? narrowed(graph) else {
        throw error
      }
      return fit(other, self.weights, width: width)
    }
  }

  /// The network of that width, with the tensors' channels where they fit it.
  /// Of one with more nodes than `least` alone are the weights looked at.
  private func narrowed(
    _ graph: Graph, width: Double, moreNodesThan least: Int = 0
  ) -> (graph: Graph, width: Double)? {
    guard
      let other = try? architecture.graph(
        input: graph.input, classes: classes(of: graph, weights), width: width
      ).withChannels(of: weights), other.nodes.count > least, (try? other.validate(weights)) != nil
    else { return nil }
    return (other, width)
  }

  private func stated(_ graph: Graph) -> (graph: Graph, width: Double)? {
    guard let title, Architecture(title: title) == architecture,
      let width = Architecture.width(ofTitle: title)
    else { return nil }
    return narrowed(graph, width: width)
  }

  /// The network with channels of its own. Which blocks of MobileNetV2 have a shortcut hangs on the width;
  /// PyTorch's code has one wherever the tensors allow it (torchvision, `InvertedResidual`).
  private func narrowed(_ graph: Graph) -> (graph: Graph, width: Double)? {
    var best: (graph: Graph, width: Double)?
    for eighths in (1...8).reversed() {
      let least = best?.graph.nodes.count ?? 0
      if let found = narrowed(graph, width: Double(eighths) / 8, moreNodesThan: least) {
        best = found
      }
    }
    return best
  }

  private func fit(_ graph: Graph, _ weights: Weights, width: Double) -> StateDictFit {
    StateDictFit(
      architecture: architecture, form: ImageForm(for: graph.input),
      classes: classes(of: graph, weights), width: width, graph: graph, weights: weights)
  }

  /// The network with all layers `width` times as wide, where that is what the tensors have. Its shortcuts
  /// may be others than the full network's: MobileNetV2 has one where a block's channels stay the same.
  private func scaled(_ graph: Graph) -> (graph: Graph, width: Double)? {
    // Rounding to whole groups of channels hides the width in some layers.
    let widths = Set(
      graph.nodes.compactMap { node -> Double? in
        guard let rows = WeightMatrix(node.operation)?.rows,
          let found = weights[node.weightName]?.shape.first
        else { return nil }
        return Double(found) / Double(rows)
      })
    for width in widths.sorted() {
      guard
        let scaled = try? architecture.graph(
          input: graph.input, classes: classes(of: graph, weights), width: width),
        (try? scaled.validate(weights)) != nil
      else { continue }
      return (scaled, width)
    }
    return nil
  }

  /// A graph that was made for the tensors' classes has a classifier among them.
  private func classes(of graph: Graph, _ weights: Weights) -> Int {
    weights["\(graph.output).weight"]?.shape.first ?? 0
  }

  /// The graph with the tensors' image channels and classes.
  private func graph() throws(GraphError) -> Graph {
    var image = input ?? ActivationShape(channels: 3, height: side, width: side)
    let probe = try architecture.graph(input: image, classes: 1)
    if input == nil, let first = probe.parameters().first {
      let shape = try weights.tensor(first.name).shape
      guard shape.count == 4, shape[1] == 1 || shape[1] == 3 else {
        throw .weightShape(name: first.name, expected: first.shape, found: shape)
      }
      image.channels = shape[1]
    }
    let classifier = "\(probe.output).weight"
    let shape = try weights.tensor(classifier).shape
    guard shape.count == 2, shape[0] > 0 else {
      throw .weightShape(name: classifier, expected: [1000, 512], found: shape)
    }
    return try architecture.graph(input: image, classes: shape[0])
  }

  /// torchvision's VGG-16 pools adaptively to 7x7: on small pictures, whose features are 1x1, it
  /// reads that one position 49 times. Summed over the positions its weight is the small form's.
  private func adapted(to graph: Graph) -> Weights {
    let positions = 49
    guard case .linear(let features, let out, _)? = graph.node(named: "classifier.0")?.operation,
      graph.node(named: "avgpool") == nil, let weight = weights["classifier.0.weight"],
      weight.shape == [out, features * positions]
    else { return weights }
    var sum = Tensor(shape: [out, features], filledWith: 0)
    for i in sum.values.indices {
      sum.values[i] = Float(
        weight.values[i * positions..<(i + 1) * positions].reduce(0.0) { $0 + Double($1) })
    }
    var weights = weights
    weights["classifier.0.weight"] = sum
    return weights
  }

  /// How many of the graph's names the tensors have with the same shape: what "closest" means.
  func shareOfNames() -> Double {
    let image = input ?? ActivationShape(channels: 3, height: side, width: side)
    guard let parameters = try? architecture.graph(input: image, classes: 1).parameters() else {
      return 0
    }
    let found = parameters.filter { weights[$0.name]?.shape == $0.shape }
    return Double(found.count) / Double(max(parameters.count, weights.count, 1))
  }
}
