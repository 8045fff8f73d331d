import NeuralGraph

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Collects tensors and writes them as one safetensors file. The same tensors and metadata give the
/// same bytes, in whatever order they were added.
public struct SafetensorsWriter {
  private struct Item {
    let type: ElementType
    let shape: [Int]
    let byteCount: Int
    /// Appends the bytes. It holds the caller's array, not a copy: files are as large as models.
    let append: (inout Data) -> Void

    init<Element: BitwiseCopyable>(_ type: ElementType, shape: [Int], _ values: [Element]) {
      self.type = type
      self.shape = shape
      byteCount = values.count * MemoryLayout<Element>.stride
      append = { file in values.withUnsafeBytes { file.append(contentsOf: $0) } }
    }

    init(_ type: ElementType, shape: [Int], _ bytes: StoredBytes) {
      self.type = type
      self.shape = shape
      byteCount = bytes.count
      append = { file in bytes.withUnsafeBytes { file.append(contentsOf: $0) } }
    }
  }

  /// The free texts for `__metadata__`.
  public var metadata: [String: String]
  private var items: [String: Item] = [:]

  /// An empty file with that metadata.
  public init(metadata: [String: String] = [:]) {
    self.metadata = metadata
  }

  /// Adds a tensor of floats; `int8` stores halves, as outside of packed layers. Throws `halfOverflow` when a finite value has no finite half.
  public mutating func add(
    _ name: String, _ tensor: Tensor, precision: Precision = .float32
  ) throws(FormatError) {
    switch precision {
    case .float32:
      items[name] = Item(.float32, shape: tensor.shape, tensor.values)
    case .float16, .int8:
      let halves = tensor.values.map { Float16($0) }
      guard !zip(halves, tensor.values).contains(where: { $0.isInfinite && $1.isFinite }) else {
        throw .halfOverflow(tensor: name)
      }
      items[name] = Item(.float16, shape: tensor.shape, halves.map(\.bitPattern))
    }
  }

  /// Adds a tensor of 16-bit numbers. Throws unless the shape holds as many numbers.
  public mutating func add(_ name: String, shape: [Int], _ values: [UInt16]) throws(FormatError) {
    try check(name, shape: shape, count: values.count)
    items[name] = Item(.uint16, shape: shape, values)
  }

  /// Adds a tensor of bytes. Throws unless the shape holds as many numbers.
  public mutating func add(_ name: String, shape: [Int], _ values: [UInt8]) throws(FormatError) {
    try check(name, shape: shape, count: values.count)
    items[name] = Item(.uint8, shape: shape, values)
  }

  /// Adds a tensor of 64-bit integers. Throws unless the shape holds as many numbers.
  public mutating func add(_ name: String, shape: [Int], _ values: [Int64]) throws(FormatError) {
    try check(name, shape: shape, count: values.count)
    items[name] = Item(.int64, shape: shape, values)
  }

  /// Adds a tensor whose bytes are there already.
  mutating func add(
    _ name: String, _ type: ElementType, shape: [Int], _ bytes: StoredBytes
  ) throws(FormatError) {
    try check(name, shape: shape, count: bytes.count / type.size)
    items[name] = Item(type, shape: shape, bytes)
  }

  private func check(_ name: String, shape: [Int], count: Int) throws(FormatError) {
    guard Tensor.count(of: shape) == count else {
      throw .graph(.tensorSize(shape: shape, count: count))
    }
  }

  /// The file. Tensors stand in order of falling alignment, then name (as the reference writes
  /// them), and the header is padded with spaces to a multiple of eight: every tensor begins at a
  /// multiple of its element size without a gap between two.
  public func serialized() -> Data {
    let ordered = items.sorted {
      ($1.value.type.size, $0.key) < ($0.value.type.size, $1.key)
    }
    var members: [String] = []
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key < $1.key }.map { "\(quoted($0)):\(quoted($1))" }
      members.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
    }
    var offset = 0
    for (name, item) in ordered {
      let end = offset + item.byteCount
      let shape = item.shape.map(String.init).joined(separator: ",")
      members.append(
        "\(quoted(name)):{\"dtype\":\"\(item.type.rawValue)\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(offset),\(end)]}")
      offset = end
    }
    var header = Data("{\(members.joined(separator: ","))}".utf8)
    header.append(Data(repeating: 0x20, count: (8 - header.count % 8) % 8))

    var file = Data(capacity: 8 + header.count + offset)
    withUnsafeBytes(of: UInt64(header.count).littleEndian) { file.append(contentsOf: $0) }
    file.append(header)
    for (_, item) in ordered { item.append(&file) }
    return file
  }

  private func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\u{0}"..<"\u{20}":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
