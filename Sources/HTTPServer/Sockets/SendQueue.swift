import Glibc

/// What a socket takes ahead of what its peer has received.
///
/// tcp(7), TCP_NOTSENT_LOWAT: without it the kernel keeps up to 4 MiB for each slow client, and says
/// that there is room again only after a third of that has gone, which a slow client may need
/// minutes for. With it there is room when half of this has gone.
enum SendQueue {
  /// For a client of which nothing is known, or that is slow.
  static let small: Int32 = 256 * 1024
  /// For one that empties the small queue at once, and would wait for the next bytes to be read.
  static let large: Int32 = 1024 * 1024

  /// Sets how many bytes it takes that are not sent yet.
  static func setLimit(_ limit: Int32, on descriptor: Int32) {
    var limit = limit
    _ = setsockopt(
      descriptor, Int32(IPPROTO_TCP), TCP_NOTSENT_LOWAT, &limit,
      socklen_t(MemoryLayout<Int32>.size))
  }

  /// Bytes in it that the peer has not acknowledged (tcp(7), SIOCOUTQ).
  static func count(on descriptor: Int32) -> Int {
    var count: Int32 = 0
    return ioctl(descriptor, UInt(TIOCOUTQ), &count) == 0 ? Int(count) : 0
  }
}
