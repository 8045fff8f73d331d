import CTraining
import NeuralGraph

/// What can stop the dense engine or a training run.
public enum TrainingError: Error, Hashable, Sendable, CustomStringConvertible {
  /// oneDNN refused an operation; `status` is its `dnnl_status_t`.
  case engine(operation: String, status: UInt32)
  /// Memory for an activation or a weight could not be had.
  case outOfMemory(bytes: Int)
  /// Memory beyond what the work may take was asked for (`MemoryAccount`); `bytes` is what it would
  /// have in all.
  case memoryLimit(bytes: Int, limit: Int)
  /// The processor cannot multiply in this precision.
  case unsupportedPrecision(Precision)
  /// The environment variable `CRISP_MAX_CPU_ISA` names no instruction set.
  case invalidInstructionLimit(String)
  /// A call's sizes contradict each other.
  case invalidInput(String)
  /// The graph or its weights are unusable.
  case graph(GraphError)
  /// The loss is no longer a number: the learning rate is too high for this network.
  case diverged(step: Int)

  /// A stable identifier of the failure.
  public var code: String {
    switch self {
    case .engine: "engine_failure"
    case .outOfMemory: "out_of_memory"
    case .memoryLimit: "memory_limit"
    case .unsupportedPrecision: "unsupported_precision"
    case .invalidInstructionLimit: "invalid_instruction_limit"
    case .invalidInput: "invalid_input"
    case .graph(let error): error.code
    case .diverged: "training_diverged"
    }
  }

  /// One sentence for a person.
  public var description: String {
    switch self {
    case .engine(let operation, let status):
      "oneDNN could not \(operation) (status \(status))"
    case .outOfMemory(let bytes): "cannot allocate \(bytes) bytes"
    case .memoryLimit(let bytes, let limit):
      "the work would take \(bytes) bytes of memory; at most \(limit) are allowed"
    case .unsupportedPrecision(let precision):
      "this processor has no \(precision.rawValue) instructions; use f32"
    case .invalidInstructionLimit(let value):
      "\(CRISP_LIMIT_VARIABLE) is '\(value.prefix(64))'; it must be \(CRISP_LIMIT_VALUES)"
    case .invalidInput(let reason): reason
    case .graph(let error): error.description
    case .diverged(let step):
      "the loss became infinite at step \(step); try a lower learning rate"
    }
  }
}
