import Foundation
import NeuralGraph

/// A safetensors file in memory (github.com/huggingface/safetensors, "Format"): eight bytes with
/// the little-endian length of a JSON header, the header, then the tensors' bytes without gaps.
///
/// Everything is checked once, when the file is opened; after that a tensor is only copied out.
/// The reader is stricter than the reference: unknown fields of an entry are refused too.
public struct SafetensorsFile: Sendable {
  /// The largest header that is read, as in the reference implementation.
  public static let largestHeader = 100_000_000

  /// Where a tensor lies and what it holds.
  public struct Entry: Sendable, Hashable {
    /// Type of every element.
    public let type: ElementType
    /// Dimensions, the slowest first.
    public let shape: [Int]
    /// First byte and one past the last, counted from the end of the header.
    public let begin, end: Int
  }

  /// The free texts under `__metadata__`.
  public let metadata: [String: String]
  /// All tensors by name.
  public let entries: [String: Entry]
  private let data: Data
  private let dataStart: Int

  /// Opens and validates the file, mapped into memory where that is safe.
  public init(contentsOf url: URL) throws(FormatError) {
    let data: Data
    do {
      data = try Data(contentsOf: url, options: .mappedIfSafe)
    } catch {
      throw .unreadable(path: url.path, reason: error.localizedDescription)
    }
    try self.init(data: data)
  }

  /// Opens and validates a file that is in memory already.
  public init(data: Data) throws(FormatError) {
    guard data.count >= 8 else { throw .truncatedLength(bytes: data.count) }
    let length = data.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= UInt64(SafetensorsFile.largestHeader) else { throw .headerTooLarge(length) }
    let header = Int(length)
    guard header <= data.count - 8 else {
      throw .headerBeyondFile(header: header, file: data.count)
    }
    let parser = try HeaderParser([UInt8](data.dropFirst(8).prefix(header)))
    metadata = parser.metadata
    entries = parser.entries
    self.data = data
    dataStart = data.startIndex + 8 + header
    try SafetensorsFile.validate(entries, dataCount: data.count - 8 - header)
  }

  /// Sizes agree with shapes, and the tensors tile the data exactly.
  private static func validate(
    _ entries: [String: Entry], dataCount: Int
  ) throws(FormatError) {
    let ordered = entries.sorted {
      ($0.value.begin, $0.value.end, $0.key) < ($1.value.begin, $1.value.end, $1.key)
    }
    var end = 0
    for (name, entry) in ordered {
      guard entry.begin <= entry.end else { throw .offsetsReversed(tensor: name) }
      guard let count = Tensor.count(of: entry.shape) else { throw .overflow(tensor: name) }
      let (size, overflow) = count.multipliedReportingOverflow(by: entry.type.size)
      guard !overflow else { throw .overflow(tensor: name) }
      guard size == entry.end - entry.begin else {
        throw .sizeMismatch(tensor: name, expected: size, found: entry.end - entry.begin)
      }
      guard entry.begin <= end else { throw .hole(before: name) }
      guard entry.begin >= end else { throw .overlap(tensor: name) }
      end = entry.end
    }
    guard end <= dataCount else { throw .truncatedData(expected: end, found: dataCount) }
    guard end == dataCount else { throw .trailingBytes(dataCount - end) }
  }

  /// The entry of that name, or a typed error.
  public func entry(_ name: String) throws(FormatError) -> Entry {
    guard let entry = entries[name] else { throw .missingTensor(name) }
    return entry
  }

  /// The numbers of a floating-point tensor, widened to 32 bits.
  public func tensor(_ name: String) throws(FormatError) -> Tensor {
    let entry = try entry(name)
    let values: [Float]
    switch entry.type {
    case .float32: values = elements(entry, of: Float.self)
    case .float16:
      values = elements(entry, of: UInt16.self).map { Float(Float16(bitPattern: $0)) }
    case .bfloat16:
      values = elements(entry, of: UInt16.self).map { Float(bitPattern: UInt32($0) << 16) }
    case .uint8, .uint16, .int64:
      throw .elementType(
        tensor: name, expected: "F32, F16 or BF16", found: entry.type.rawValue)
    }
    do {
      return try Tensor(shape: entry.shape, values: values)
    } catch {
      throw .graph(error)
    }
  }

  /// The numbers of a U16 tensor.
  public func unsigned16(_ name: String) throws(FormatError) -> [UInt16] {
    let entry = try entry(name, as: .uint16)
    return elements(entry, of: UInt16.self)
  }

  /// The numbers of a U8 tensor.
  public func unsigned8(_ name: String) throws(FormatError) -> [UInt8] {
    let entry = try entry(name, as: .uint8)
    return elements(entry, of: UInt8.self)
  }

  /// Every floating-point tensor under its name, for importing a state dictionary. PyTorch's
  /// `num_batches_tracked` counters are skipped; other integers are refused.
  public func weights() throws(FormatError) -> Weights {
    var weights: Weights = [:]
    for name in entries.keys.sorted() {
      if name.hasSuffix(".num_batches_tracked") { continue }
      weights[name] = try tensor(name)
    }
    return weights
  }

  private func entry(_ name: String, as type: ElementType) throws(FormatError) -> Entry {
    let entry = try entry(name)
    guard entry.type == type else {
      throw .elementType(tensor: name, expected: type.rawValue, found: entry.type.rawValue)
    }
    return entry
  }

  private func elements<Element: BitwiseCopyable>(
    _ entry: Entry, of: Element.Type
  ) -> [Element] {
    let count = (entry.end - entry.begin) / MemoryLayout<Element>.size
    let start = dataStart + entry.begin
    return [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
      // Copied, not bound: a foreign file need not align its tensors.
      initialized =
        data.copyBytes(to: buffer, from: start..<dataStart + entry.end)
        / MemoryLayout<Element>.size
    }
  }
}
