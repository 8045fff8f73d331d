import Glibc

/// How long the kernel repeats what a peer does not acknowledge.
///
/// tcp(7), TCP_USER_TIMEOUT: without it a vanished peer is noticed after a quarter of an hour, since
/// the few bytes of an event stream never fill the socket's buffer.
enum PeerTimeout {
  static func set(_ timeout: Duration, on descriptor: Int32) {
    var milliseconds = UInt32(clamping: timeout.nanoseconds / 1_000_000)
    _ = setsockopt(
      descriptor, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, &milliseconds,
      socklen_t(MemoryLayout<UInt32>.size))
  }
}
