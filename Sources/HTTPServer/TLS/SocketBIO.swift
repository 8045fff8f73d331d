import COpenSSL
import Glibc

/// OpenSSL's way to a nonblocking socket.
///
/// OpenSSL has one of its own, which writes with write(2): a peer that left would then raise
/// SIGPIPE, and a library must not change what a signal does to the whole process.
enum SocketBIO {
  // Unsafe to the compiler only: it is made once and never changed.
  nonisolated(unsafe) private static let method: OpaquePointer? = {
    // BIO_TYPE_SOURCE_SINK: it wraps no other one.
    let method = BIO_meth_new(BIO_get_new_index() | 0x0400, "crisp socket")
    BIO_meth_set_read(method, read)
    BIO_meth_set_write(method, write)
    BIO_meth_set_ctrl(method) { _, command, _, _ in command == BIO_CTRL_FLUSH ? 1 : 0 }
    return method
  }()

  /// A new one for a connected socket, which stays the caller's. Nil when memory is exhausted.
  static func make(descriptor: Int32) -> OpaquePointer? {
    guard let bio = BIO_new(method) else { return nil }
    // The descriptor itself is the data: an address that nobody follows.
    BIO_set_data(bio, UnsafeMutableRawPointer(bitPattern: Int(descriptor) + 1))
    BIO_set_init(bio, 1)
    return bio
  }

  private static func descriptor(of bio: OpaquePointer?) -> Int32 {
    Int32(truncatingIfNeeded: Int(bitPattern: BIO_get_data(bio)) - 1)
  }

  private static let read:
    @convention(c) (OpaquePointer?, UnsafeMutablePointer<CChar>?, Int32) -> Int32 = {
      bio, buffer, size in
      transfer(bio, retry: BIO_FLAGS_READ) { recv($0, buffer, Int(size), 0) }
    }

  private static let write: @convention(c) (OpaquePointer?, UnsafePointer<CChar>?, Int32) -> Int32 =
    { bio, bytes, size in
      transfer(bio, retry: BIO_FLAGS_WRITE) { send($0, bytes, Int(size), Int32(MSG_NOSIGNAL)) }
    }

  /// BIO_s_socket(3): -1 with the retry flags set when the call would wait; 0 at the end.
  private static func transfer(
    _ bio: OpaquePointer?, retry: Int32, _ call: (Int32) -> Int
  ) -> Int32 {
    let waiting = retry | BIO_FLAGS_SHOULD_RETRY
    BIO_clear_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_WRITE | BIO_FLAGS_SHOULD_RETRY)
    while true {
      let count = call(descriptor(of: bio))
      if count >= 0 { return Int32(clamping: count) }
      if errno == EINTR { continue }
      if errno == EAGAIN || errno == EWOULDBLOCK { BIO_set_flags(bio, waiting) }
      return -1
    }
  }
}
