/// The values that a number from outside may have: from the wire, a file, a flag, the environment.
/// What is not a number lies in no range.
public struct InputRange<Value: Comparable & Sendable>: Sendable {
  private let lower: Value
  private let upper: Value
  private let excludesLower: Bool
  private let excludesUpper: Bool

  /// Both bounds belong to it.
  public init(_ range: ClosedRange<Value>) {
    lower = range.lowerBound
    upper = range.upperBound
    excludesLower = false
    excludesUpper = false
  }

  /// The upper bound does not belong to it.
  public init(_ range: Range<Value>) {
    lower = range.lowerBound
    upper = range.upperBound
    excludesLower = false
    excludesUpper = true
  }

  /// The lower bound does not belong to it.
  public init(above lower: Value, through upper: Value) {
    self.lower = lower
    self.upper = upper
    excludesLower = true
    excludesUpper = false
  }

  /// Whether the value lies in it.
  public func contains(_ value: Value) -> Bool {
    (excludesLower ? value > lower : value >= lower)
      && (excludesUpper ? value < upper : value <= upper)
  }

  /// The end of a sentence about a field or flag.
  /// - Parameter unit: such as "seconds".
  public func requirement(_ unit: String = "") -> String {
    let unit = unit.isEmpty ? "" : " \(unit)"
    let (low, high) = (inputText(lower), inputText(upper))
    if excludesLower { return "must be more than \(low) and at most \(high)\(unit)" }
    if excludesUpper { return "must be at least \(low) and less than \(high)\(unit)" }
    return "must be \(low) to \(high)\(unit)"
  }
}

/// Numbers as people read them: 1,000,000 and 0.5, without a needless fraction.
private func inputText(_ value: some Any) -> String {
  let text = "\(value)"
  if let mark = text.firstIndex(of: "e"), let exponent = Int(text[text.index(after: mark)...]) {
    let digits = text[..<mark].filter { $0 != "." }
    let zeros = String(repeating: "0", count: max(0, -exponent - 1))
    return exponent < 0 && !digits.hasPrefix("-") ? "0.\(zeros)\(digits)" : text
  }
  let whole = text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  let digits = whole.utf8.drop { $0 == UInt8(ascii: "-") }
  guard digits.count > 4, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return whole }
  var grouped = ""
  for (index, digit) in digits.enumerated() {
    if index > 0, (digits.count - index).isMultiple(of: 3) { grouped += "," }
    grouped.unicodeScalars.append(Unicode.Scalar(digit))
  }
  return (whole.hasPrefix("-") ? "-" : "") + grouped
}
