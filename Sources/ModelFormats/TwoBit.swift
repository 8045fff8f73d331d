/// Numbers 0…3, four to a byte, the first in the lowest bits.
enum TwoBit {
  /// `numbers.count` must be a multiple of four.
  static func pack(_ numbers: [UInt8]) -> [UInt8] {
    stride(from: 0, to: numbers.count - 3, by: 4).map { i in
      numbers[i] | numbers[i + 1] << 2 | numbers[i + 2] << 4 | numbers[i + 3] << 6
    }
  }

  static func unpack(_ bytes: StoredBytes) -> [UInt8] {
    var numbers = [UInt8](repeating: 0, count: bytes.count * 4)
    bytes.withUnsafeBytes { bytes in
      for i in numbers.indices { numbers[i] = bytes[i / 4] >> (2 * UInt8(i % 4)) & 3 }
    }
    return numbers
  }

  /// The number at an index; the caller has checked that it is there.
  @inline(__always)
  static func number(_ index: Int, in bytes: StoredBytes) -> Int {
    let byte = bytes.pointer.load(fromByteOffset: index >> 2, as: UInt8.self)
    return Int(byte >> UInt8(2 * (index & 3)) & 3)
  }

  /// The first byte that holds a part of a group that does not ascend, for groups of `keep`
  /// numbers; `bytes` hold whole groups. Every file is checked when it is opened, so this reads
  /// many groups at once.
  static func firstDisorder(_ bytes: StoredBytes, keep: Int) -> Int? {
    bytes.withUnsafeBytes { bytes in
      switch keep {
      case 2: firstDisorderOfPairs(bytes)
      case 3: firstDisorderOfTriples(bytes)
      default: nil
      }
    }
  }

  private static func firstDisorderOfPairs(_ bytes: UnsafeRawBufferPointer) -> Int? {
    var index = 0
    while index + 8 <= bytes.count,
      ascendingPairs(bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)) == lowBits
    {
      index += 8
    }
    while index < bytes.count {
      guard ascendingPairs(UInt64(bytes[index])) == 0x11 else { return index }
      index += 1
    }
    return nil
  }

  /// The lowest bit of each four.
  private static let lowBits: UInt64 = 0x1111_1111_1111_1111

  /// Sets the lowest bit of each four whose upper number is larger than its lower number.
  @inline(__always)
  private static func ascendingPairs(_ pairs: UInt64) -> UInt64 {
    let upper = pairs >> 2
    let larger = upper & ~pairs
    let upperBitsDiffer = (upper ^ pairs) >> 1
    return (larger >> 1 | larger & ~upperBitsDiffer) & lowBits
  }

  /// The four ascending triples as six bits each: 012, 013, 023 and 123.
  private static let ascendingTriples: UInt64 = 1 << 36 | 1 << 52 | 1 << 56 | 1 << 57

  private static func firstDisorderOfTriples(_ bytes: UnsafeRawBufferPointer) -> Int? {
    for index in stride(from: 0, to: bytes.count - 2, by: 3) {
      let triples =
        UInt64(bytes[index]) | UInt64(bytes[index + 1]) << 8 | UInt64(bytes[index + 2]) << 16
      for shift in stride(from: UInt64(0), to: 24, by: 6)
      where ascendingTriples >> (triples >> shift & 63) & 1 == 0 {
        return index + Int(shift / 8)
      }
    }
    return nil
  }
}
