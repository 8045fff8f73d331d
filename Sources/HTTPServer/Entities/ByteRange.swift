/// What a Range field asks for, applied to content of a known length (RFC 9110 §14).
enum ByteRange: Equatable {
  /// The field does not apply: send the whole content.
  case whole
  /// Bytes `first` to `last`, both included and both within the content.
  case part(first: Int64, last: Int64)
  /// No byte asked for exists: 416.
  case unsatisfiable

  private enum Spec {
    case from(Int64, through: Int64)
    case suffix(Int64)
  }

  /// Reads a Range field.
  ///
  /// RFC 9110 §14.2: a server may ignore the field; unknown units and malformed sets must be
  /// ignored. A set of several ranges is ignored too, which §14.2 permits.
  init(_ field: String, length: Int64) {
    guard let spec = Self.parse(field) else {
      self = .whole
      return
    }
    switch spec {
    case .from(let first, let last):
      self = first < length ? .part(first: first, last: min(last, length - 1)) : .unsatisfiable
    case .suffix(0):
      self = .unsatisfiable
    case .suffix(let count):
      // §14.1.2: a longer suffix means everything; of no bytes, Content-Range cannot speak.
      self = length == 0 ? .whole : .part(first: max(0, length - count), last: length - 1)
    }
  }

  private static func parse(_ field: String) -> Spec? {
    let bytes = Array(field.utf8)
    guard let equals = bytes.firstIndex(of: UInt8(ascii: "=")),
      bytes[..<equals].equalsIgnoringCase("bytes")
    else { return nil }
    // RFC 9110 §5.6.1.2: empty list members are skipped.
    let members = bytes[(equals + 1)...].split(separator: UInt8(ascii: ","))
      .map(\.trimmingWhitespace).filter { !$0.isEmpty }
    guard members.count == 1, let member = members.first,
      let dash = member.firstIndex(of: UInt8(ascii: "-"))
    else { return nil }
    let before = member[..<dash]
    let after = member[(dash + 1)...]
    if before.isEmpty {
      return position(after).map(Spec.suffix)
    }
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
