import CKernels
import ModelFormats
import NeuralGraph

/// What can go wrong when a model is prepared or run.
public enum RuntimeError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The graph or its weights are wrong.
  case graph(GraphError)
  /// The model's parts do not fit one another.
  case format(FormatError)
  /// This processor, or this build, does not have the instruction set.
  case unsupportedInstructionSet(String)
  /// The environment variable `CRISP_MAX_CPU_ISA` names no instruction set.
  case invalidInstructionLimit(String)
  /// Batch capacity or thread count is out of range.
  case invalidSetting(name: String, value: Int, allowed: ClosedRange<Int>)
  /// The activations of this batch need more memory than a session may take.
  case tooLarge(layer: String)
  /// The system has no memory left.
  case outOfMemory(bytes: Int)
  /// The system has no threads left.
  case outOfThreads(Int)
  /// More images than the session was made for, or fewer than one.
  case imageCount(found: Int, capacity: Int)
  /// A buffer does not hold the number of values that the images or scores need.
  case valueCount(expected: Int, found: Int)
  /// The network's scores are infinite or no numbers: what it was given is too large for it.
  case scoresNotFinite(image: Int)

  /// A stable identifier of the failure, for logs and API answers.
  public var code: String {
    switch self {
    case .graph(let error): error.code
    case .format(let error): error.code
    case .unsupportedInstructionSet: "unsupported_instruction_set"
    case .invalidInstructionLimit: "invalid_instruction_limit"
    case .invalidSetting: "invalid_runtime_setting"
    case .tooLarge: "model_too_large"
    case .outOfMemory: "out_of_memory"
    case .outOfThreads: "out_of_threads"
    case .imageCount: "image_count"
    case .valueCount: "value_count"
    case .scoresNotFinite: "scores_not_finite"
    }
  }

  /// One sentence for a person.
  public var description: String {
    switch self {
    case .graph(let error): error.description
    case .format(let error): error.description
    case .unsupportedInstructionSet(let name):
      "this processor has no '\(name)' kernels; leave the instruction set unset to use the best"
    case .invalidInstructionLimit(let value):
      "\(CRISP_LIMIT_VARIABLE) is '\(value.prefix(64))'; it must be \(CRISP_LIMIT_VALUES)"
    case .invalidSetting(let name, let value, let allowed):
      "\(name) is \(value); it must be \(allowed.lowerBound) to \(allowed.upperBound)"
    case .tooLarge(let layer):
      "the activations of '\(layer)' are too large for a session; use a smaller batch"
    case .outOfMemory(let bytes): "there is no memory left for \(bytes) bytes"
    case .outOfThreads(let threads):
      "the system cannot start \(threads) threads; use fewer, or raise its limit"
    case .imageCount(let found, let capacity):
      "\(found) images were given; this session takes 1 to \(capacity)"
    case .valueCount(let expected, let found):
      "the buffer holds \(found) values; \(expected) are needed"
    case .scoresNotFinite:
      "the model's scores are not finite numbers: the values of the input are too large for it"
    }
  }
}
