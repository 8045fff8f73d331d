/// What a Range field asks for, applied to content of a known length (RFC 9110 §14).
enum ByteRange: Equatable {
  /// The field does not apply: send the whole content.
  case whole
  /// These bytes, at least one range of them; none is empty, and no two overlap or touch.
  case parts([Range<Int64>])
  /// No byte asked for exists: 416.
  case unsatisfiable

  /// Ranges in one field that are answered; a field with more is ignored. RFC 9110 §14.2 warns of
  /// many small ones, each of which costs a header of its own.
  static let maxCount = 16

  private enum Spec {
    case from(Int64, through: Int64)
    case suffix(Int64)
  }

  /// Reads a Range field.
  ///
  /// RFC 9110 §14.2: a server may ignore the field; unknown units and malformed sets must be
  /// ignored. §15.3.7.2: ranges that overlap or touch become one, the rest keep their order.
  init(_ field: String, length: Int64) {
    guard let specs = Self.parse(field) else {
      self = .whole
      return
    }
    var parts: [Range<Int64>] = []
    for spec in specs {
      switch spec {
      case .from(let first, let last):
        if first < length { Self.add(first..<(min(last, length - 1) + 1), to: &parts) }
      case .suffix(let count):
        if count == 0 { continue }
        // §14.1.2: a longer suffix means everything; of no bytes, Content-Range cannot speak.
        if length == 0 {
          self = .whole
          return
        }
        Self.add(max(0, length - count)..<length, to: &parts)
      }
    }
    self = parts.isEmpty ? .unsatisfiable : .parts(parts)
  }

  private static func add(_ range: Range<Int64>, to parts: inout [Range<Int64>]) {
    var range = range
    var place: Int?
    // Until nothing meets it: what it grew by may meet another one.
    while let met = parts.firstIndex(where: {
      $0.lowerBound <= range.upperBound && range.lowerBound <= $0.upperBound
    }) {
      let other = parts.remove(at: met)
      range =
        min(range.lowerBound, other.lowerBound)..<max(range.upperBound, other.upperBound)
      place = min(place ?? met, met)
    }
    parts.insert(range, at: place ?? parts.endIndex)
  }

  private static func parse(_ field: String) -> [Spec]? {
    let bytes = Array(field.utf8)
    guard let equals = bytes.firstIndex(of: UInt8(ascii: "=")),
      bytes[..<equals].equalsIgnoringCase("bytes")
    else { return nil }
    // RFC 9110 §5.6.1.2: empty list members are skipped.
    let members = bytes[(equals + 1)...].split(separator: UInt8(ascii: ","))
      .map(\.trimmingWhitespace).filter { !$0.isEmpty }
    guard (1...maxCount).contains(members.count) else { return nil }
    var specs: [Spec] = []
    for member in members {
      guard let spec = spec(member) else { return nil }
      specs.append(spec)
    }
    return specs
  }

  private static func spec(_ member: ArraySlice<UInt8>) -> Spec? {
    guard let dash = member.firstIndex(of: UInt8(ascii: "-")) else { return nil }
    let before = member[..<dash]
    let after = member[(dash + 1)...]
    if before.isEmpty { return position(after).map(Spec.suffix) }
    guard let first = position(before) else { return nil }
    if after.isEmpty { return .from(first, through: .max) }
    guard let last = position(after), last >= first else { return nil }
    return .from(first, through: last)
  }

  /// 1*DIGIT; more than `Int64.max` is `Int64.max`, which is beyond any content.
  private static func position(_ digits: ArraySlice<UInt8>) -> Int64? {
    guard !digits.isEmpty else { return nil }
    var value: Int64 = 0
    for byte in digits {
      guard let digit = ByteClass.digit(byte) else { return nil }
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(Int64(digit))
      value = overflow || carry ? .max : sum
    }
    return value
  }
}
