import Digests

/// Where the bytes of one stored blob lie, apart from the database.
///
/// Every upload has a place of its own, even of bytes that were there before. So a process that was
/// stopped in the middle of removing bytes, and goes on much later, never removes those that somebody
/// has stored anew meanwhile: it knows the old place only.
public struct BlobPlace: Hashable, Sendable {
  /// SHA-256 of the bytes.
  public let digest: SHA256Digest
  /// Which upload of them: 16 hexadecimal digits.
  public let generation: String

  /// A place that no other upload has.
  public init(new digest: SHA256Digest) {
    let digits = String(UInt64.random(in: .min ... .max), radix: 16)
    self.digest = digest
    generation = String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// The place of a name that ``name`` gave; nil for another.
  public init?(name: String) {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 3, let digest = try? SHA256Digest(hex: String(parts[1])),
      digest.hex == parts[1], parts[0] == parts[1].prefix(2), parts[2].utf8.count == 16,
      parts[2].utf8.allSatisfy({
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
          || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
      })
    else { return nil }
    self.digest = digest
    generation = String(parts[2])
  }

  /// `ab/abcd…/0123456789abcdef`: what it is called where the bytes are.
  public var name: String { "\(digest.hex.prefix(2))/\(digest.hex)/\(generation)" }
}

/// How it is with what keeps the bytes of blobs, as far as is known.
public enum BytesCondition: Sendable {
  /// The database keeps them.
  case inDatabase
  /// They are kept apart from it, and the last call got through.
  case usable
  /// The same; but what is there is replaced when it is stored again. That harms nothing: every upload has a
  /// place of its own.
  case usableWithoutConditions
  /// The last call did not get through.
  case unusable
}

/// Keeps the bytes of blobs, and knows nothing of who needs them: that is for a ``BlobCatalog``.
///
/// Everything may be done twice. All calls block, and may come from any thread.
public protocol BlobBytes: Sendable {
  /// Stores bytes at a place. Nobody sees them before they are complete.
  /// - Throws: an error of its own when the store cannot be used.
  func write(_ bytes: SpooledBytes, to place: BlobPlace) throws

  /// Reads bytes; ``StoreError/notFound(_:_:)`` comes with the first read of a place that has none.
  func reader(of place: BlobPlace, size: Int64) -> BlobReader

  /// Removes the bytes of a place; those that are gone are removed already.
  func remove(_ place: BlobPlace) throws

  /// A part of all places that have bytes, in a fixed order.
  /// - Parameter next: what came with the part before.
  /// - Returns: `next` is nil with the last part.
  func places(after next: String?) throws -> (places: [BlobPlace], next: String?)

  /// Lets go of uploads that were begun more than `age` seconds ago and never came to an end.
  /// - Returns: How many.
  @discardableResult
  func removeUnfinished(olderThan age: Double) throws -> Int

  /// An address from which anyone may fetch the bytes for a while, without this program; nil where
  /// there is no such thing.
  /// - Parameters:
  ///   - place: The bytes.
  ///   - seconds: For how long.
  ///   - headers: Fields that are to come with them, such as `content-disposition`.
  func address(of place: BlobPlace, for seconds: Int, answering headers: [String: String])
    -> String?

  /// What the last call has found.
  var condition: BytesCondition { get }

  /// Looks whether bytes can be had, once and soon.
  /// - Throws: ``StoreError/bytesUnavailable(reason:)``.
  func require() throws

  /// Looks whether the place of all bytes is still this database's: right before something is removed that
  /// the database does not know.
  /// - Throws: ``StoreError/bytesUnavailable(reason:)`` when it is another's.
  func requireOwner() throws
}

extension BlobBytes {
  /// Usable.
  public var condition: BytesCondition { .usable }
  /// Never throws.
  public func require() {}
  /// Never throws: nobody else can have the place.
  public func requireOwner() {}
}
