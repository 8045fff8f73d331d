import Digests

/// Stored bytes, named by what they are.
public struct BlobRecord: Hashable, Sendable {
  /// SHA-256 of the bytes.
  public let digest: SHA256Digest
  /// How many bytes.
  public let size: Int64

  /// A blob of `size` bytes.
  public init(digest: SHA256Digest, size: Int64) {
    self.digest = digest
    self.size = size
  }
}
