import Glibc
import Synchronization

/// Dates as HTTP writes them (RFC 9110 §5.6.7).
enum HTTPDate {
  private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]
  private static let cache = Mutex<(second: time_t, text: [UInt8])>((-1, []))

  /// The current date, made once a second.
  static var now: [UInt8] {
    let second = time(nil)
    return cache.withLock { cache in
      if cache.second != second { cache = (second, Array(format(second).utf8)) }
      return cache.text
    }
  }

  /// IMF-fixdate. By hand because the names must not follow the process's locale.
  static func format(_ second: time_t) -> String {
    var second = second
    var parts = tm()
    gmtime_r(&second, &parts)
    func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let date = "\(two(parts.tm_mday)) \(months[Int(parts.tm_mon)]) \(parts.tm_year + 1900)"
    let time = "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))"
    return "\(days[Int(parts.tm_wday)]), \(date) \(time) GMT"
  }

  /// Seconds since 1970 of a date in any of the three forms; nil for everything else. The day of the
  /// week says nothing new and is not compared.
  static func parse(_ text: String) -> Int64? {
    let parts = text.split(separator: " ", omittingEmptySubsequences: true).map(String.init)
    let date: [String]
    let clock: String
    switch parts.count {
    case 6 where parts[5] == "GMT" && text == parts.joined(separator: " "):  // IMF-fixdate
      (date, clock) = ([parts[1], parts[2], parts[3]], parts[4])
    case 4 where parts[3] == "GMT":  // RFC 850
      (date, clock) = (parts[1].split(separator: "-").map(String.init), parts[2])
    case 5:  // asctime
      (date, clock) = ([parts[2], parts[1], parts[4]], parts[3])
    default: return nil
    }
    let times = clock.split(separator: ":", omittingEmptySubsequences: false)
    guard date.count == 3, times.count == 3, times.allSatisfy({ $0.utf8.count == 2 }),
      let month = months.firstIndex(of: date[1]), let day = number(date[0]),
      var year = number(date[2]), let hour = number(times[0]), let minute = number(times[1]),
      let second = number(times[2]), (1...31).contains(day), hour < 24, minute < 60, second <= 60
    else { return nil }
    if parts.count == 4 {
      // RFC 9110 §5.6.7: what would be more than 50 years ahead is in the past.
      guard year < 100 else { return nil }
      var now = time(nil)
      var today = tm()
      gmtime_r(&now, &today)
      let thisYear = Int(today.tm_year) + 1900
      year += thisYear / 100 * 100
      if year > thisYear + 50 { year -= 100 }
    }
    guard (1000...9999).contains(year) else { return nil }
    var fields = tm()
    fields.tm_year = Int32(year - 1900)
    fields.tm_mon = Int32(month)
    fields.tm_mday = Int32(day)
    fields.tm_hour = Int32(hour)
    fields.tm_min = Int32(minute)
    fields.tm_sec = Int32(second)
    let seconds = timegm(&fields)
    // 31 April becomes 1 May there.
    guard fields.tm_mday == Int32(day) || second == 60 else { return nil }
    return Int64(seconds)
  }

  private static func number(_ text: some StringProtocol) -> Int? {
    guard (1...4).contains(text.utf8.count), text.utf8.allSatisfy({ ByteClass.digit($0) != nil })
    else { return nil }
    return Int(text)
  }
}
