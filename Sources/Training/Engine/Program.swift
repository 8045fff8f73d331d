import COneDNN
import NeuralGraph

/// How a pass treats batch norm, and whether gradients will be asked for.
public enum PassMode: Hashable, Sendable {
  /// Forward only, running statistics.
  case inference
  /// Forward and backward with the batch's statistics; running statistics are updated.
  case training
  /// Forward and backward with running statistics held constant: how saliency is estimated
  /// (Documentation/method.md, "Saliency").
  case evaluationGradient
  /// Forward only with the batch's statistics, which update the running ones: batch-norm
  /// re-estimation.
  case estimation

  var hasBackward: Bool { self == .training || self == .evaluationGradient }
  var usesBatchStatistics: Bool { self == .training || self == .estimation }
}

/// What compiled programs read anew in every pass.
final class PassSettings {
  /// How fast running statistics follow the batches; 0.1 is PyTorch's default.
  var statisticsMomentum: Float = 0.1
}

/// A graph compiled for one batch size and mode: fixed buffers, fixed primitives.
final class Program {
  typealias Action = () throws(TrainingError) -> Void

  let input: OneDNNMemory
  let output: OneDNNMemory
  /// Where the caller writes dL/d(logits), plain layout; nil without a backward pass.
  let outputGradient: OneDNNMemory?
  private let forwardActions: [Action]
  private let backwardActions: [Action]
  /// Kept alive for the actions, which hold only pointers.
  private let constants: [AlignedBuffer]

  init(
    input: OneDNNMemory, output: OneDNNMemory, outputGradient: OneDNNMemory?, forward: [Action],
    backward: [Action], constants: [AlignedBuffer]
  ) {
    self.input = input
    self.output = output
    self.outputGradient = outputGradient
    forwardActions = forward
    backwardActions = backward
    self.constants = constants
  }

  func forward() throws(TrainingError) {
    for action in forwardActions { try action() }
  }

  func backward() throws(TrainingError) {
    for action in backwardActions { try action() }
  }
}
