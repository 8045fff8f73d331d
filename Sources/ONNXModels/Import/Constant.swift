import Foundation
import NeuralGraph

/// A value that is known before the network runs: an initializer, or computed from initializers.
struct Constant {
  /// Numbers of either kind; wider types are converted.
  enum Values {
    case floats([Float])
    case integers([Int])
  }

  /// The initializer's name, from which layers take theirs.
  let name: String
  let shape: [Int]
  let values: Values

  /// Decodes a tensor. Every error names it.
  init(_ tensor: ONNXTensor, name: String) throws(ONNXError) {
    guard tensor.dataLocation != 1, tensor.externalData.isEmpty else {
      throw .externalData(
        tensor: name, reason: "only initializers are read from one: save the model with it inside")
    }
    guard let type = TensorType(rawValue: tensor.dataType) else {
      throw .tensorType(tensor: name, type: tensor.dataType)
    }
    let shape = tensor.dims.map { Int(clamping: $0) }
    guard let count = Tensor.count(of: shape) else {
      throw .tensorSize(tensor: name, reason: "its dimensions \(shape) are out of range")
    }
    let values = try type.values(of: tensor, count: count, name: name)
    self.init(name: name, shape: shape, values: values)
  }

  init(name: String, shape: [Int], values: Values) {
    self.name = name
    self.shape = shape
    self.values = values
  }

  /// Sizes of an activation as a list; nil where the batch, which is not known, is among them.
  init?(name: String, _ extents: [Extent]) {
    let sizes = extents.compactMap(\.size)
    guard sizes.count == extents.count else { return nil }
    self.init(name: name, shape: [sizes.count], values: .integers(sizes))
  }

  /// Single numbers without dimensions and vectors of one read alike.
  func floats() throws(ONNXError) -> [Float] {
    switch values {
    case .floats(let values): return values
    case .integers: throw .tensorType(tensor: name, type: TensorType.int64.rawValue)
    }
  }

  /// The same of a weight, which must be numbers: limits alone may be infinite.
  func numbers() throws(ONNXError) -> [Float] {
    let values = try floats()
    if let index = values.firstThatIsNotFinite {
      throw .tensorValues(
        tensor: name,
        reason: "no number at position \(index) (\(values[index])): the training that made it "
          + "diverged, or the file is damaged; take an earlier checkpoint")
    }
    return values
  }

  func integers() throws(ONNXError) -> [Int] {
    switch values {
    case .integers(let values): return values
    case .floats: throw .tensorType(tensor: name, type: TensorType.float.rawValue)
    }
  }
}

/// The element types that are read, by their number in the ONNX specification.
enum TensorType: Int32 {
  case float = 1
  case uint8 = 2
  case int8 = 3
  case int32 = 6
  case int64 = 7
  case bool = 9
  case float16 = 10
  case double = 11
  case bfloat16 = 16

  /// What errors call the numbers.
  var name: String {
    switch self {
    case .float: "32-bit floats"
    case .double: "64-bit floats"
    case .float16, .bfloat16: "16-bit floats"
    case .uint8, .int8, .int32, .int64: "whole numbers"
    case .bool: "truth values"
    }
  }

  /// Whether activations may be of this type; arithmetic is in 32 bits.
  var isFloat: Bool { [.float, .float16, .double, .bfloat16].contains(self) }

  /// The numbers, from `raw_data` when there is any, else from the field of their type. 16-bit
  /// floats stand in the lower halves of `int32_data` there.
  func values(
    of tensor: ONNXTensor, count: Int, name: String
  ) throws(ONNXError) -> Constant.Values {
    func check(_ found: Int) throws(ONNXError) {
      guard found == count else {
        throw .tensorSize(tensor: name, reason: "it should hold \(count) values, not \(found)")
      }
    }
    guard tensor.rawData.isEmpty else {
      let (bytes, overflow) = count.multipliedReportingOverflow(by: size)
      guard !overflow, tensor.rawData.count == bytes else {
        throw .tensorSize(
          tensor: name,
          reason: "\(count) values of \(size) bytes should fill its \(tensor.rawData.count) bytes")
      }
      return raw(tensor.rawData, count)
    }
    switch self {
    case .float:
      try check(tensor.floatData.count)
      return .floats(tensor.floatData)
    case .double:
      try check(tensor.doubleData.count)
      return .floats(tensor.doubleData.map { Float($0) })
    case .float16, .bfloat16:
      try check(tensor.int32Data.count)
      return .floats(tensor.int32Data.map { half(UInt16(truncatingIfNeeded: $0)) })
    case .int64:
      try check(tensor.int64Data.count)
      return .integers(tensor.int64Data.map { Int($0) })
    case .int32, .uint8, .int8, .bool:
      try check(tensor.int32Data.count)
      return .integers(tensor.int32Data.map { Int($0) })
    }
  }

  /// Bytes of one element.
  var size: Int {
    switch self {
    case .uint8, .int8, .bool: 1
    case .float16, .bfloat16: 2
    case .float, .int32: 4
    case .int64, .double: 8
    }
  }

  private func half(_ bits: UInt16) -> Float {
    self == .bfloat16 ? Float(bitPattern: UInt32(bits) << 16) : Float(Float16(bitPattern: bits))
  }

  /// Little-endian numbers; `data` holds exactly `count` of them.
  private func raw(_ data: Data, _ count: Int) -> Constant.Values {
    data.withUnsafeBytes { bytes in
      func element<T: BitwiseCopyable>(_ i: Int, as type: T.Type) -> T {
        bytes.loadUnaligned(fromByteOffset: i * MemoryLayout<T>.size, as: type)
      }
      let indices = 0..<count
      return switch self {
      case .float: .floats(indices.map { element($0, as: Float.self) })
      case .double: .floats(indices.map { Float(element($0, as: Double.self)) })
      case .float16, .bfloat16: .floats(indices.map { half(element($0, as: UInt16.self)) })
      case .int64: .integers(indices.map { Int(element($0, as: Int64.self)) })
      case .int32: .integers(indices.map { Int(element($0, as: Int32.self)) })
      case .int8: .integers(indices.map { Int(element($0, as: Int8.self)) })
      case .uint8, .bool: .integers(indices.map { Int(element($0, as: UInt8.self)) })
      }
    }
  }
}
