import Glibc

/// How many bytes a socket takes ahead of what its peer can receive.
///
/// tcp(7), TCP_NOTSENT_LOWAT: without it the kernel keeps up to 4 MiB for each slow client, and says
/// that there is room again only after a third of that has gone, which a slow client may need
/// minutes for. With it there is room when half of this has gone.
enum NotSentLimit {
  private static let byteCount: Int32 = 256 * 1024

  static func set(on descriptor: Int32) {
    var count = byteCount
    _ = setsockopt(
      descriptor, Int32(IPPROTO_TCP), TCP_NOTSENT_LOWAT, &count,
      socklen_t(MemoryLayout<Int32>.size))
  }
}
