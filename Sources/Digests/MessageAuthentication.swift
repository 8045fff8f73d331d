import COpenSSL
import Foundation

extension SHA256 {
  /// HMAC-SHA256 (RFC 2104, FIPS 198-1): what only a holder of `key` can make of `message`.
  /// - Parameters:
  ///   - message: Bytes of any count.
  ///   - key: Bytes of any count; those of a digest fit best.
  public static func authenticationCode(of message: [UInt8], key: [UInt8]) -> SHA256Digest {
    var bytes = [UInt8](repeating: 0, count: SHA256Digest.byteCount)
    var count: UInt32 = 0
    // OpenSSL takes a key's length as int; longer keys are hashed first all the same (RFC 2104 §2).
    let key = key.count > 64 ? SHA256.digest(of: key).bytes : key
    let code = HMAC(
      EVP_sha256(), key.isEmpty ? [0] : key, Int32(key.count), message, message.count, &bytes,
      &count)
    guard code != nil, let digest = SHA256Digest(bytes: bytes) else {
      preconditionFailure("OpenSSL offers no HMAC-SHA256")
    }
    return digest
  }
}
