/// One array in NumPy's format (numpy.lib.format, versions 1 to 3), in C order.
struct NPYArray {
  /// What a value is.
  enum Element: Hashable {
    case signed(bytes: Int)
    case unsigned(bytes: Int)
    /// IEEE 754.
    case float(bytes: Int)
    /// So many UTF-32 scalars, padded with zeros.
    case text(scalars: Int)
  }

  let element: Element
  let shape: [Int]
  /// The bytes of the values, in C order.
  let values: ArraySlice<UInt8>
  private let isBigEndian: Bool
  private let fail: @Sendable (String) -> DatasetError

  /// NumPy's own limit, `numpy.lib.format._MAX_HEADER_SIZE`.
  private static let headerLimit = 10_000

  /// Reads a file's bytes and checks that its values fill its shape; errors name `file` and `name`.
  init(_ bytes: [UInt8], file: String, name: String) throws(DatasetError) {
    fail = { .malformed(file: file, reason: "'\(name)' \($0)") }
    guard bytes.count >= 10, bytes.starts(with: [0x93] + Array("NUMPY".utf8)) else {
      throw fail("does not start like a NumPy array")
    }
    let version = Int(bytes[6])
    let fieldSize = version == 1 ? 2 : 4
    guard (1...3).contains(version), bytes.count >= 8 + fieldSize else {
      throw fail("has version \(version) of NumPy's format; 1 to 3 are understood")
    }
    let start = 8 + fieldSize
    let headerSize = bytes[8..<start].reversed().reduce(0) { $0 << 8 | Int($1) }
    guard headerSize <= Self.headerLimit, headerSize <= bytes.count - start else {
      throw fail("has a header that is cut off or longer than \(Self.headerLimit) bytes")
    }
    guard let header = NPYHeader(bytes[start..<start + headerSize]) else {
      throw fail("has a header that does not describe one plain array (type, order and shape)")
    }
    guard !header.isFortranOrder else {
      throw fail("is in Fortran order; save numpy.ascontiguousarray of it")
    }
    guard let (element, isBigEndian) = Self.element(header.type) else {
      throw fail(
        "holds values of type '\(header.type)'; images need uint8, labels whole numbers, names text"
      )
    }
    self.element = element
    self.isBigEndian = isBigEndian
    shape = header.shape
    values = bytes[(start + headerSize)...]
    var size = element.size
    for side in shape {
      let (product, overflow) = size.multipliedReportingOverflow(by: side)
      guard !overflow else { throw fail("has a shape that overflows, \(shape)") }
      size = product
    }
    guard values.count == size else {
      throw fail("of shape \(shape) needs \(size) bytes of data and \(values.count) follow")
    }
  }

  /// The values as integers; throws when they are none or above `Int.max`.
  func integers() throws(DatasetError) -> [Int] {
    let isSigned: Bool
    switch element {
    case .signed: isSigned = true
    case .unsigned: isSigned = false
    case .float: throw fail("holds floats; labels need an integer type")
    case .text: throw fail("holds text; labels need an integer type")
    }
    var numbers: [Int] = []
    numbers.reserveCapacity(values.count / element.size)
    for start in stride(from: values.startIndex, to: values.endIndex, by: element.size) {
      let bits = word(at: start, bytes: element.size)
      let unused = UInt64.bitWidth - 8 * element.size
      let number = isSigned ? Int(Int64(bitPattern: bits << unused) >> unused) : Int(exactly: bits)
      guard let number else { throw fail("holds \(bits), which cannot be a label") }
      numbers.append(number)
    }
    return numbers
  }

  /// The values as texts; throws when they are none, or not Unicode.
  func texts() throws(DatasetError) -> [String] {
    guard case .text = element else {
      throw fail("holds numbers; class names need a text type, numpy.array([\"cat\", \"dog\"])")
    }
    var texts: [String] = []
    for start in stride(from: values.startIndex, to: values.endIndex, by: element.size) {
      var text = String.UnicodeScalarView()
      for position in stride(from: start, to: start + element.size, by: 4) {
        let word = word(at: position, bytes: 4)
        if word == 0 { break }
        guard let scalar = Unicode.Scalar(UInt32(truncatingIfNeeded: word)) else {
          throw fail("holds \(word), which is not a Unicode character")
        }
        text.append(scalar)
      }
      texts.append(String(text))
    }
    return texts
  }

  /// Floats of 0…1 as bytes of 0…255; throws for other values, naming the first.
  func bytesOfUnit() throws(DatasetError) -> [UInt8] {
    guard case .float(let size) = element else {
      throw fail("does not hold floats, as the format npz-unit needs")
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(values.count / size)
    for start in stride(from: values.startIndex, to: values.endIndex, by: size) {
      let bits = word(at: start, bytes: size)
      let value =
        size == 8
        ? Double(bitPattern: bits) : Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
      guard value >= 0, value <= 1 else {
        throw fail("holds \(value); the format npz-unit takes values from 0 to 1")
      }
      bytes.append(UInt8((value * 255).rounded()))
    }
    return bytes
  }

  private func word(at start: Int, bytes: Int) -> UInt64 {
    let slice = values[start..<start + bytes]
    return isBigEndian
      ? slice.reduce(0) { $0 << 8 | UInt64($1) }
      : slice.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// What NumPy's short form means: byte order, kind, size (numpy's "Array-protocol type strings").
  /// Nil for all that no data set needs.
  private static func element(_ type: String) -> (Element, isBigEndian: Bool)? {
    guard let order = type.first, let kind = type.dropFirst().first, "<>|=".contains(order),
      let size = Int(type.dropFirst(2)), size > 0
    else { return nil }
    switch kind {
    case "i" where [1, 2, 4, 8].contains(size): return (.signed(bytes: size), order == ">")
    case "u" where [1, 2, 4, 8].contains(size): return (.unsigned(bytes: size), order == ">")
    case "f" where [4, 8].contains(size): return (.float(bytes: size), order == ">")
    // Longer class names are refused everywhere (256 bytes in requests); this bounds the arithmetic.
    case "U" where size <= 1 << 16: return (.text(scalars: size), order == ">")
    default: return nil
    }
  }
}

extension NPYArray.Element {
  /// Bytes of one value.
  var size: Int {
    switch self {
    case .signed(let bytes), .unsigned(let bytes), .float(let bytes): bytes
    case .text(let scalars): 4 * scalars
    }
  }
}
