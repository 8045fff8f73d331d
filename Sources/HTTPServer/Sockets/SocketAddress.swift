import Glibc

/// An address and port a socket is bound or connected to.
public struct BoundAddress: Sendable, Equatable {
  /// Numeric address, without brackets.
  public let host: String
  /// Port, 1...65535.
  public let port: Int
}

/// Conversions between socket addresses and text.
enum SocketAddress {
  /// Reads a numeric address out of a filled-in `sockaddr_storage`.
  static func describe(_ storage: sockaddr_storage, length: socklen_t) -> BoundAddress? {
    var storage = storage
    var host = [UInt8](repeating: 0, count: Int(NI_MAXHOST))
    var service = [UInt8](repeating: 0, count: Int(NI_MAXSERV))
    let status = withUnsafePointer(to: &storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        host.withUnsafeMutableBytes { host in
          service.withUnsafeMutableBytes { service in
            getnameinfo(
              address, length, host.bindMemory(to: CChar.self).baseAddress,
              socklen_t(host.count), service.bindMemory(to: CChar.self).baseAddress,
              socklen_t(service.count), NI_NUMERICHOST | NI_NUMERICSERV)
          }
        }
      }
    }
    guard status == 0, let port = Int(text(service)) else { return nil }
    return BoundAddress(host: text(host), port: port)
  }

  /// The address a socket is bound to.
  static func local(of descriptor: Int32) -> BoundAddress? {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let status = withUnsafeMutablePointer(to: &storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        getsockname(descriptor, $0, &length)
      }
    }
    return status == 0 ? describe(storage, length: length) : nil
  }

  private static func text(_ bytes: [UInt8]) -> String {
    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }
}
