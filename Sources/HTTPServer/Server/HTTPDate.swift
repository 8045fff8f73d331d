import Glibc
import Synchronization

/// Dates as HTTP writes them (RFC 9110 §5.6.7).
enum HTTPDate {
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
    let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    let months = [
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let date = "\(two(parts.tm_mday)) \(months[Int(parts.tm_mon)]) \(parts.tm_year + 1900)"
    let time = "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))"
    return "\(days[Int(parts.tm_wday)]), \(date) \(time) GMT"
  }
}
