import Synchronization

/// Names requests: a part that differs between processes, and a count.
enum RequestID {
  private static let process = UInt32.random(in: .min ... .max)
  private static let count = Atomic<UInt64>(0)

  /// 16 hexadecimal digits or more, unique within the process.
  static func next() -> String {
    let number = count.wrappingAdd(1, ordering: .relaxed).newValue
    return padded(UInt64(process)) + padded(number)
  }

  private static func padded(_ number: UInt64) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: max(0, 8 - digits.utf8.count)) + digits
  }
}
