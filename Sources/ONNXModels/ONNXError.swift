import ModelFormats
import NeuralGraph

/// What can be wrong with an ONNX file, or keep a model from becoming one. Import and export throw
/// these and nothing else; no input makes them trap.
public enum ONNXError: Error, Hashable, Sendable {
  // The file

  /// The file cannot be read.
  case unreadable(path: String, reason: String)
  /// Any other failure, with the file it concerns.
  indirect case inFile(path: String, ONNXError)
  /// The bytes are no protocol buffer of the ONNX format, for example because they were cut off.
  case malformed(reason: String)
  /// The file holds no graph.
  case missingGraph
  /// The file is of an operator set that is not read; nil when it names none.
  case unsupportedOpset(Int64?)
  /// The metadata that exports carry, or what the caller gave in its place, is not valid.
  case invalidMetadata(key: String, reason: String)

  // The graph

  /// The graph does not read exactly one image of a fixed size.
  case unsupportedInput(reason: String)
  /// The graph does not produce exactly one value of class scores.
  case unsupportedOutput(reason: String)
  /// An operator that is not among those that are read.
  case unsupportedOperator(node: String, op: String)
  /// A known operator in a form that is not read.
  case unsupportedForm(node: String, op: String, reason: String)
  /// A node contradicts the ONNX specification or what it reads.
  case invalidNode(node: String, op: String, reason: String)
  /// A node reads a value that neither an earlier node nor an initializer provides.
  case unknownValue(node: String, value: String)
  /// Two nodes, initializers or inputs provide a value of one name.
  case duplicateValue(String)

  // Tensors

  /// A tensor's values stand in another file and cannot be read from there.
  case externalData(tensor: String, reason: String)
  /// Computing a constant would take far more than its file holds.
  case foldingTooLarge(node: String, op: String)
  /// A tensor's element type is not read, or not what its reader needs.
  case tensorType(tensor: String, type: Int32)
  /// A weight holds what no network can compute with.
  case tensorValues(tensor: String, reason: String)
  /// A tensor does not hold as many values as its dimensions say.
  case tensorSize(tensor: String, reason: String)
  /// The network would need far more weights than the file holds.
  case tooLarge(node: String, op: String)

  // The result

  /// The network is not one that this project can hold.
  case model(FormatError)
}

extension ONNXError {
  /// A stable identifier of the failure, for logs and API answers.
  public var code: String {
    switch self {
    case .unreadable: "onnx_unreadable_file"
    case .inFile(_, let error): error.code
    case .malformed: "onnx_malformed"
    case .missingGraph: "onnx_missing_graph"
    case .unsupportedOpset: "onnx_unsupported_opset"
    case .invalidMetadata: "onnx_invalid_metadata"
    case .unsupportedInput: "onnx_unsupported_input"
    case .unsupportedOutput: "onnx_unsupported_output"
    case .unsupportedOperator: "onnx_unsupported_operator"
    case .unsupportedForm: "onnx_unsupported_form"
    case .invalidNode: "onnx_invalid_node"
    case .unknownValue: "onnx_unknown_value"
    case .duplicateValue: "onnx_duplicate_value"
    case .externalData: "onnx_external_data"
    case .tensorType: "onnx_tensor_type"
    case .tensorValues: "onnx_tensor_values"
    case .tensorSize: "onnx_tensor_size"
    case .foldingTooLarge: "onnx_too_large"
    case .tooLarge: "onnx_too_large"
    case .model(let error): error.code
    }
  }
}

extension ONNXError {
  /// The result of `body`, with the errors of the rooms below as errors of this one.
  static func wrapping<Result>(_ body: () throws -> Result) throws(ONNXError) -> Result {
    do {
      return try body()
    } catch let error as ONNXError {
      throw error
    } catch let error as FormatError {
      throw .model(error)
    } catch let error as GraphError {
      throw .model(.graph(error))
    } catch {
      throw .malformed(reason: "\(error)")
    }
  }
}

extension ONNXError: CustomStringConvertible {
  /// One sentence for a person.
  public var description: String {
    switch self {
    case .unreadable(let path, let reason): "'\(path)' cannot be read: \(reason)"
    case .inFile(let path, let error): "'\(path)': \(error.description)"
    case .malformed(let reason): "this is not an ONNX file, or it was cut off: \(reason)"
    case .missingGraph: "the ONNX file does not contain a graph"
    case .unsupportedOpset(let version?):
      "the ONNX file is of operator set \(version); sets \(ONNXImport.opsets.lowerBound) to "
        + "\(ONNXImport.opsets.upperBound) are read: export it again with one of those"
    case .unsupportedOpset(nil): "the ONNX file does not name its operator set"
    case .invalidMetadata(let key, let reason): "the metadata '\(key)' is not valid: \(reason)"
    case .unsupportedInput(let reason): "the network's input is not supported: \(reason)"
    case .unsupportedOutput(let reason): "the network's output is not supported: \(reason)"
    case .unsupportedOperator(let node, let op):
      "node '\(node)' uses the operator \(op), which is not supported; supported operators are "
        + ONNXImport.operators.joined(separator: ", ")
    case .unsupportedForm(let node, let op, let reason):
      "node '\(node)' (\(op)) is not supported: \(reason)"
    case .invalidNode(let node, let op, let reason): "node '\(node)' (\(op)): \(reason)"
    case .unknownValue(let node, let value):
      "node '\(node)' reads '\(value)', which no earlier node produces"
    case .duplicateValue(let name): "the value '\(name)' is produced twice"
    case .externalData(let tensor, let reason):
      "the values of tensor '\(tensor)' are in another file, and \(reason)"
    case .tensorType(let tensor, let type):
      "tensor '\(tensor)' holds \(TensorType(rawValue: type)?.name ?? "elements of type \(type)"), which "
        + "cannot be used where it is read"
    case .tensorValues(let tensor, let reason): "tensor '\(tensor)' holds \(reason)"
    case .tensorSize(let tensor, let reason): "tensor '\(tensor)' is incomplete: \(reason)"
    case .foldingTooLarge(let node, let op):
      "node '\(node)' (\(op)): the constants it computes are far larger than its file"
    case .tooLarge(let node, let op):
      "node '\(node)' (\(op)): the network needs far more weights than its file holds"
    case .model(let error): error.description
    }
  }
}
