#if canImport(FoundationEssentials)
  import FoundationEssentials
  import Glibc
#else
  import Foundation
#endif

/// A run of bytes of a file, where they stand in memory. It keeps the file's memory alive, and so
/// does every copy of it.
public struct StoredBytes: Sendable {
  private let owner: FileBytes
  private let offset: Int
  /// Bytes of the run.
  public let count: Int

  /// A part of a file's bytes; the caller has checked that they are there.
  init(_ owner: FileBytes, _ range: Range<Int>) {
    self.owner = owner
    offset = range.lowerBound
    count = range.count
  }

  /// A copy of an array's elements.
  init<Element: BitwiseCopyable>(copying elements: [Element]) {
    owner = elements.withUnsafeBytes { FileBytes(copying: $0) }
    offset = 0
    count = elements.count * MemoryLayout<Element>.stride
  }

  /// The first byte, of any alignment: a foreign file need not align its tensors. It holds as long
  /// as this value, or whoever else refers to the same file, lives.
  public var pointer: UnsafeRawPointer { owner.start + offset }

  /// Calls `body` with the bytes, which hold at least until it returns. What `body` throws is
  /// passed on.
  public func withUnsafeBytes<Result>(
    _ body: (UnsafeRawBufferPointer) throws -> Result
  ) rethrows -> Result {
    try withExtendedLifetime(owner) {
      try body(UnsafeRawBufferPointer(start: pointer, count: count))
    }
  }

  /// The bytes as numbers, copied.
  func elements<Element: BitwiseCopyable>(of: Element.Type) -> [Element] {
    let count = count / MemoryLayout<Element>.size
    return [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
      // Copied as bytes, for the sake of alignment.
      withUnsafeBytes { bytes in
        UnsafeMutableRawBufferPointer(buffer).copyMemory(
          from: UnsafeRawBufferPointer(rebasing: bytes[..<(count * MemoryLayout<Element>.size)]))
      }
      initialized = count
    }
  }

  /// The bytes as 32-bit floats, or as halves or whole numbers that are widened.
  func floats(_ precision: Precision) -> [Float] {
    switch precision {
    case .float32: elements(of: Float.self)
    case .float16: elements(of: UInt16.self).map { Float(Float16(bitPattern: $0)) }
    case .int8: elements(of: Int8.self).map { Float($0) }
    }
  }
}

/// Equal bytes are equal, wherever they stand.
extension StoredBytes: Hashable {
  /// Whether the bytes are the same.
  public static func == (left: StoredBytes, right: StoredBytes) -> Bool {
    guard left.count == right.count else { return false }
    return left.withUnsafeBytes { left in
      right.withUnsafeBytes { right in
        guard let a = left.baseAddress, let b = right.baseAddress else { return true }
        return a == b || memcmp(a, b, left.count) == 0
      }
    }
  }

  /// Hashes all the bytes.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(count)
    withUnsafeBytes { hasher.combine(bytes: $0) }
  }
}
