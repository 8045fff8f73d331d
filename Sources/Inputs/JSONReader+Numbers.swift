/// A number as it is written.
public enum JSONNumber: Sendable, Equatable {
  /// Without fraction and exponent, and within 64 bits: exact.
  case integer(Int64)
  /// Every other; finite, and rounded to the nearest double.
  case real(Double)

  /// The number, rounded if it has more than 53 bits.
  public var double: Double {
    switch self {
    case .integer(let value): Double(value)
    case .real(let value): value
    }
  }
}

extension JSONReader {
  /// A number. One that is too large for a double, and one of more than 1,100 bytes, are faults.
  public mutating func number() throws(JSONFault) -> JSONNumber {
    skipSpace()
    let start = position
    var decimal = Decimal()
    decimal.isNegative = take(UInt8(ascii: "-"))
    if !take(UInt8(ascii: "0")) { try digits(&decimal, ofFraction: false) }
    if take(UInt8(ascii: ".")) {
      decimal.isInteger = false
      try digits(&decimal, ofFraction: true)
    }
    if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
      decimal.isInteger = false
      let isNegative = take(UInt8(ascii: "-"))
      if !isNegative { _ = take(UInt8(ascii: "+")) }
      var exponent = Decimal()
      try digits(&exponent, ofFraction: false)
      let value = exponent.isExact ? Int(min(exponent.digits, 100_000)) : 100_000
      decimal.exponent += isNegative ? -value : value
    }
    guard position - start <= JSONReader.longestNumber else {
      throw fault("a number has more than \(JSONReader.longestNumber) characters", at: start)
    }
    if let integer = decimal.integer { return .integer(integer) }
    let value =
      decimal.double ?? Double(String(decoding: bytes[start..<position], as: UTF8.self))
    guard let value, value.isFinite else {
      throw fault("a number is too large for 64-bit floating point", at: start)
    }
    return .real(value)
  }

  private mutating func digits(_ decimal: inout Decimal, ofFraction: Bool) throws(JSONFault) {
    let start = position
    while let byte = peek, (0x30...0x39).contains(byte) {
      decimal.append(byte - 0x30)
      if ofFraction { decimal.exponent -= 1 }
      position += 1
    }
    guard position > start else { throw fault("no value is written like this") }
  }
}

/// Digits times a power of ten, while a number is read.
private struct Decimal {
  var digits: UInt64 = 0
  var exponent = 0
  var isNegative = false
  var isInteger = true
  /// Whether `digits` holds all of them.
  var isExact = true

  mutating func append(_ digit: UInt8) {
    let (tenfold, isTooLarge) = digits.multipliedReportingOverflow(by: 10)
    let (sum, overflows) = tenfold.addingReportingOverflow(UInt64(digit))
    guard isExact, !isTooLarge, !overflows else {
      isExact = false
      return
    }
    digits = sum
  }

  var integer: Int64? {
    guard isInteger, isExact else { return nil }
    if isNegative { return digits == 1 << 63 ? .min : Int64(exactly: digits).map { -$0 } }
    return Int64(exactly: digits)
  }

  /// Powers of ten that are doubles exactly.
  private static let powers: [Double] = {
    var powers = [1.0]
    while powers.count <= 22 { powers.append(powers[powers.count - 1] * 10) }
    return powers
  }()

  /// Where one rounding suffices (Clinger, "How to read floating point numbers accurately", 1990):
  /// both factors are exact, so their product or quotient is the nearest double. Nil elsewhere.
  var double: Double? {
    guard isExact, digits <= 1 << 53, abs(exponent) <= 22 else { return nil }
    let power = Decimal.powers[abs(exponent)]
    let magnitude = exponent < 0 ? Double(digits) / power : Double(digits) * power
    return isNegative ? -magnitude : magnitude
  }
}
