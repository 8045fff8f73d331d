import NeuralGraph

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A safetensors file in memory (github.com/huggingface/safetensors, "Format"): eight bytes with
/// the little-endian length of a JSON header, the header, then the tensors' bytes without gaps.
///
/// Everything is checked once, when the file is opened; after that a tensor is only copied out, or
/// used where it stands.
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
  private let bytes: FileBytes
  private let dataStart: Int

  /// Opens and validates the file, mapped into memory where that can be. While this value or a
  /// model read from it lives, such a file may be replaced by another of its name, but not be
  /// rewritten in place. Throws `FormatError`: unreadable, or what the header breaks; nothing is
  /// allocated for sizes that the file only claims.
  public init(contentsOf url: URL) throws(FormatError) {
    try self.init(FileBytes(contentsOf: url))
  }

  /// Opens and validates a copy of a file that is in memory already. Throws like the reader of
  /// files.
  public init(data: Data) throws(FormatError) {
    try self.init(data.withUnsafeBytes { FileBytes(copying: $0) })
  }

  private init(_ bytes: FileBytes) throws(FormatError) {
    let header: Int
    let parser: HeaderParser
    do throws(FormatError) {
      guard bytes.count >= 8 else { throw .truncatedLength(bytes: bytes.count) }
      let length = UInt64(littleEndian: bytes.start.loadUnaligned(as: UInt64.self))
      guard length <= UInt64(SafetensorsFile.largestHeader) else { throw .headerTooLarge(length) }
      header = Int(length)
      guard header <= bytes.count - 8 else {
        throw .headerBeyondFile(header: header, file: bytes.count)
      }
      parser = try HeaderParser(StoredBytes(bytes, 8..<8 + header).elements(of: UInt8.self))
    } catch {
      // Only now: no kind's first bytes are as good a sign as a header that is one.
      let start = StoredBytes(bytes, 0..<min(bytes.count, ForeignFile.sample))
      if let kind = ForeignFile(start: start.elements(of: UInt8.self)) { throw .foreignFile(kind) }
      throw error
    }
    metadata = parser.metadata
    entries = parser.entries
    self.bytes = bytes
    dataStart = 8 + header
    try SafetensorsFile.validate(entries, dataCount: bytes.count - dataStart)
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

  /// The numbers of a floating-point tensor, widened to 32 bits. Throws `missingTensor`, or
  /// `elementType` for integers.
  public func tensor(_ name: String) throws(FormatError) -> Tensor {
    let entry = try entry(name)
    let values: [Float]
    switch entry.type {
    case .float32: values = stored(entry).floats(.float32)
    case .float64: values = stored(entry).elements(of: Double.self).map { Float($0) }
    case .float16: values = stored(entry).floats(.float16)
    case .bfloat16:
      values = stored(entry).elements(of: UInt16.self).map { Float(bitPattern: UInt32($0) << 16) }
    case .uint8, .int8, .uint16, .int64:
      throw .elementType(
        tensor: name, expected: "F32, F64, F16 or BF16", found: entry.type.rawValue)
    }
    do {
      return try Tensor(shape: entry.shape, values: values)
    } catch {
      throw .graph(error)
    }
  }

  /// The numbers of a U16 tensor. Throws `missingTensor`, or `elementType` for another type.
  public func unsigned16(_ name: String) throws(FormatError) -> [UInt16] {
    try stored(name, as: .uint16).elements(of: UInt16.self)
  }

  /// The numbers of a U8 tensor. Throws `missingTensor`, or `elementType` for another type.
  public func unsigned8(_ name: String) throws(FormatError) -> [UInt8] {
    try stored(name, as: .uint8).elements(of: UInt8.self)
  }

  /// Every floating-point tensor under its name, for importing a state dictionary. PyTorch's
  /// `num_batches_tracked` counters are skipped; other integers are refused.
  public func weights() throws(FormatError) -> Weights {
    var weights: Weights = [:]
    for name in entries.keys.sorted() { weights[name] = try weight(name) }
    return weights
  }

  /// One of ``weights()``; nil for a counter.
  func weight(_ name: String) throws(FormatError) -> Tensor? {
    name.hasSuffix(".num_batches_tracked") ? nil : try tensor(name)
  }

  /// The bytes of a tensor of that type, where they stand.
  func stored(_ name: String, as type: ElementType) throws(FormatError) -> StoredBytes {
    let entry = try entry(name)
    guard entry.type == type else {
      throw .elementType(tensor: name, expected: type.rawValue, found: entry.type.rawValue)
    }
    return stored(entry)
  }

  private func stored(_ entry: Entry) -> StoredBytes {
    StoredBytes(bytes, dataStart + entry.begin..<dataStart + entry.end)
  }
}
