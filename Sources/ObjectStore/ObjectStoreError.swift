import Digests
import Inputs
import Transfers

/// Why the object store did not do what it was asked.
///
/// `store` is ``ObjectStoreAddress/description``: bucket, prefix and endpoint. No credential is ever
/// part of an error.
public enum ObjectStoreError: Error, Equatable, Sendable {
  // Setting up
  /// The text names no place in an object store.
  case invalidAddress(String, reason: String)
  /// There are no credentials, or they cannot be read.
  case credentialsMissing(source: String, reason: String)

  // The store
  /// The store does not answer, or not as one.
  case unreachable(store: String, TransferError)
  /// The bucket does not exist.
  case bucketMissing(store: String)
  /// The store does not know the credentials.
  case credentialsRefused(store: String, reason: String)
  /// The credentials do not allow it.
  case accessDenied(store: String, action: Action)
  /// The requests were signed for another region than the bucket's.
  case wrongRegion(store: String, given: String, reason: String)
  /// The clocks of this machine and the store are too far apart.
  case clockDiffers(store: String)
  /// The store was overloaded or failing for as long as it was asked.
  case busy(store: String, status: Int)
  /// The store has no space left.
  case full(store: String)
  /// The place is another database's.
  case placeTaken(store: String)
  /// The store answers something that the protocol does not know.
  case unexpectedAnswer(store: String, reason: String)

  // Objects
  /// There is no object of that key.
  case objectMissing(store: String, key: String)
  /// The bytes under a key are not those that were put there.
  case objectDamaged(store: String, key: String)
  /// The part of an object that was asked for lies outside of it.
  case rangeOutOfBounds(store: String, key: String)

  // Files of this machine
  /// A file that is to be stored, or that bytes pass through, cannot be used.
  case fileUnusable(path: String, reason: String)
  /// The cache is too small, or what is in it is all in use.
  case cacheFull(folder: String, needed: Int64, capacity: Int64)
  /// What was fetched for the cache are not the bytes that it was asked for.
  case fetchedDamaged(digest: SHA256Digest)

  /// What was asked of the store.
  public enum Action: String, Sendable {
    /// Reading an object.
    case read
    /// Putting an object there.
    case write
    /// Removing an object.
    case delete
    /// Listing a bucket.
    case list
  }

  /// A stable identifier for programs.
  public var code: String {
    switch self {
    case .invalidAddress: "invalid_object_store"
    case .credentialsMissing: "object_store_credentials_missing"
    case .unreachable: "object_store_unreachable"
    case .bucketMissing: "bucket_missing"
    case .credentialsRefused: "object_store_credentials_refused"
    case .accessDenied: "object_store_access_denied"
    case .wrongRegion: "object_store_region"
    case .clockDiffers: "object_store_clock"
    case .busy: "object_store_busy"
    case .full: "object_store_full"
    case .placeTaken: "object_store_taken"
    case .unexpectedAnswer: "object_store_answer"
    case .objectMissing: "object_missing"
    case .objectDamaged: "object_damaged"
    case .rangeOutOfBounds: "object_range"
    case .fileUnusable: "file_unusable"
    case .cacheFull: "cache_full"
    case .fetchedDamaged: "fetched_damaged"
    }
  }
}

extension ObjectStoreError {
  /// Whether it is about the store, and not about one object or a file of this machine.
  var isOfStore: Bool {
    switch self {
    case .unreachable, .bucketMissing, .credentialsRefused, .accessDenied, .wrongRegion,
      .clockDiffers, .busy, .full, .placeTaken, .unexpectedAnswer:
      true
    default: false
    }
  }
}

extension ObjectStoreError: CustomStringConvertible {
  /// One sentence for people: what happened, where, and what to do.
  public var description: String {
    switch self {
    case .invalidAddress(let text, let reason):
      "\"\(text.echoed())\" is no place in an object store (\(reason)): "
        + "give s3://BUCKET/PREFIX, and --s3-endpoint https://HOST:PORT unless it is Amazon's"
    case .credentialsMissing(let source, let reason):
      "no credentials for the object store in \(source) (\(reason)): set AWS_ACCESS_KEY_ID and "
        + "AWS_SECRET_ACCESS_KEY, or name a credentials file with --s3-credentials"
    case .unreachable(let store, let reason): "the object store \(store) cannot be used: \(reason)"
    case .bucketMissing(let store):
      "the object store \(store) has no such bucket: create it, or give another one"
    case .credentialsRefused(let store, let reason):
      "the object store \(store) refuses the credentials (\(reason)): check the access key and its secret"
    case .accessDenied(let store, let action):
      "the credentials may not \(action.rawValue) objects in \(store): "
        + "allow reading, writing, deleting and listing below that prefix"
    case .wrongRegion(let store, let given, let reason):
      "the bucket of \(store) is not in the region \(given) (\(reason.echoed())): give its own with --s3-region"
    case .clockDiffers(let store):
      "the clocks of this machine and of the object store \(store) are minutes apart: set them right"
    case .busy(let store, let status):
      "the object store \(store) is overloaded or failing (status \(status)): try again later"
    case .full(let store): "the object store \(store) has no space left: free some"
    case .placeTaken(let store):
      "the object store \(store) has the bytes of another database than --db: give another bucket or prefix"
    case .unexpectedAnswer(let store, let reason):
      "the object store \(store) answers in an unknown way (\(reason.echoed())): check that the address is one of S3's protocol"
    case .objectMissing(let store, let key):
      "there is no object \"\(key.echoed())\" in \(store)"
    case .objectDamaged(let store, let key):
      "the bytes of object \"\(key.echoed())\" in \(store) are damaged: restore them from a copy"
    case .rangeOutOfBounds(let store, let key):
      "the object \"\(key.echoed())\" in \(store) is shorter than what was asked of it"
    case .fileUnusable(let path, let reason):
      "cannot use the file \(path): \(reason)"
    case .cacheFull(let folder, let needed, let capacity):
      "the cache in \(folder) has no room for \(needed) bytes more, of \(capacity) in all: give more with --cache-bytes"
    case .fetchedDamaged(let digest):
      "what came for \(digest) are other bytes: restore them from a copy"
    }
  }
}
