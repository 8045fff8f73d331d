import Foundation

/// Dates as the database keeps them: milliseconds since 1970 in an integer, which sorts, compares
/// and survives a round trip exactly.
package enum Timestamp {
  /// The nearest millisecond; dates beyond what fits are clamped.
  package static func milliseconds(_ date: Date) -> Int64 {
    let value = (date.timeIntervalSince1970 * 1000).rounded()
    if let exact = Int64(exactly: value) { return exact }
    return value < 0 ? .min : .max
  }

  /// The date of a stored value.
  package static func date(_ milliseconds: Int64) -> Date {
    Date(timeIntervalSince1970: Double(milliseconds) / 1000)
  }

  /// `now` and `seconds`, in milliseconds.
  /// - Throws: ``StoreError/invalidValue(field:reason:)`` unless `seconds` is zero to a century.
  package static func milliseconds(_ now: Int64, plus seconds: TimeInterval, field: String) throws
    -> Int64
  {
    guard seconds >= 0, seconds <= 100 * 366 * 86400 else {
      throw StoreError.invalidValue(field: field, reason: "must be seconds from 0 to a century")
    }
    let (sum, overflow) = now.addingReportingOverflow(Int64((seconds * 1000).rounded()))
    return overflow ? .max : sum
  }
}
