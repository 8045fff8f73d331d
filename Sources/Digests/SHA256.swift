import COpenSSL
import Foundation

/// An incremental SHA-256 (FIPS 180-4) over OpenSSL's EVP interface, which picks the processor's
/// SHA instructions at run time.
///
/// ```swift
/// var hasher = SHA256()
/// hasher.update(header)
/// hasher.update(body)
/// let digest = hasher.finalize()
/// ```
public struct SHA256: ~Copyable, @unchecked Sendable {
  // Owned by this value alone (the type cannot be copied), hence the unchecked conformance.
  private let context: OpaquePointer

  /// Starts an empty message.
  public init() {
    // Fails only when memory is exhausted, where the Swift runtime gives up as well.
    guard let context = EVP_MD_CTX_new() else {
      preconditionFailure("OpenSSL could not allocate a digest context")
    }
    self.context = context
    restart()
  }

  deinit {
    EVP_MD_CTX_free(context)
  }

  /// Appends bytes to the message.
  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    guard let start = bytes.baseAddress, !bytes.isEmpty else { return }
    let updated = EVP_DigestUpdate(context, start, bytes.count)
    precondition(updated == 1, "OpenSSL refused to hash")
  }

  /// Appends bytes to the message.
  public mutating func update(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { update($0) }
  }

  /// Appends bytes to the message.
  public mutating func update(_ data: Data) {
    data.withUnsafeBytes { update($0) }
  }

  /// The digest of everything appended so far; the hasher then starts over with an empty message.
  public mutating func finalize() -> SHA256Digest {
    var bytes = [UInt8](repeating: 0, count: SHA256Digest.byteCount)
    let finished = EVP_DigestFinal_ex(context, &bytes, nil)
    guard finished == 1, let digest = SHA256Digest(bytes: bytes) else {
      preconditionFailure("OpenSSL refused to finish a digest")
    }
    restart()
    return digest
  }

  private func restart() {
    // The default provider always carries SHA-256 (EVP_MD-SHA2(7ossl)).
    let started = EVP_DigestInit_ex(context, EVP_sha256(), nil)
    precondition(started == 1, "OpenSSL offers no SHA-256")
  }
}

extension SHA256 {
  /// The digest of bytes in memory.
  public static func digest(of bytes: [UInt8]) -> SHA256Digest {
    var hasher = SHA256()
    hasher.update(bytes)
    return hasher.finalize()
  }

  /// The digest of bytes in memory.
  public static func digest(of data: Data) -> SHA256Digest {
    var hasher = SHA256()
    hasher.update(data)
    return hasher.finalize()
  }

  /// The digest of a file, read through a buffer of 1 MiB.
  /// - Throws: ``DigestError/unreadableFile(path:reason:)``.
  public static func digest(ofFile path: String) throws -> SHA256Digest {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw unreadable(path) }
    defer { close(descriptor) }
    var hasher = SHA256()
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let count = try buffer.withUnsafeMutableBytes { bytes in
        let count = read(descriptor, bytes.baseAddress, bytes.count)
        if count < 0, errno != EINTR { throw unreadable(path) }
        if count > 0 { hasher.update(UnsafeRawBufferPointer(rebasing: bytes[..<count])) }
        return count
      }
      if count == 0 { return hasher.finalize() }
    }
  }

  private static func unreadable(_ path: String) -> DigestError {
    .unreadableFile(path: path, reason: String(cString: strerror(errno)))
  }
}
