import ArgumentParser
import Foundation
import Inputs
import ObjectStore
import PersonalizationService

/// Where an object store is, and who may use it.
struct ObjectStoreOptions: ParsableArguments {
  @Option(
    name: .customLong("objects"),
    help: "A place in an object store of S3's protocol, like s3://BUCKET/PREFIX.")
  var objects: String?

  @Option(
    name: .customLong("s3-endpoint"),
    help: "The store's server, like https://HOST:PORT; Amazon's when there is none.")
  var endpoint: String?

  @Option(name: .customLong("s3-region"), help: "The bucket's region (us-east-1).")
  var region: String?

  @Option(
    name: .customLong("s3-credentials"),
    help: """
      A shared credentials file; its profile is AWS_PROFILE or 'default'. Without it \
      AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN count.
      """)
  var credentials: String?

  @Option(
    name: .customLong("s3-cacert"),
    help: "A PEM file of authorities to trust in place of the system's.")
  var authorities: String?

  /// The store, if one was named; nothing has been asked of it.
  func store() throws -> ObjectStore? {
    guard let objects else { return nil }
    var options = ObjectStore.Options()
    options.certificateFile = authorities
    return try ObjectStore(
      ObjectStoreAddress(objects, endpoint: endpoint, region: region),
      credentials: CredentialSource(file: credentials), options: options)
  }
}

/// An object store, and what of it is kept on this machine.
struct ObjectPlaceOptions: ParsableArguments {
  @OptionGroup var place: ObjectStoreOptions

  @Option(
    help: ArgumentHelp(
      """
      A folder for what can be measured or fetched again (default: CRISP_CACHE, or crisp in the user's \
      folder of caches).
      """, valueName: "folder"))
  var cache: String?

  @Option(help: "Bytes that base models and data sets of the object store may take there.")
  var cacheBytes = ObjectPlace.defaultCacheBytes

  func validate() throws {
    try InputRange(1 << 20...1 << 50).check(cacheBytes, "--cache-bytes", "bytes")
  }

  /// The place, if one was named.
  /// - Parameter folder: Where caches are unless the flag says it.
  func value(cacheIn folder: URL?) throws -> ObjectPlace? {
    try place.store().map {
      ObjectPlace(store: $0, cache: cache ?? folder?.path, cacheBytes: cacheBytes)
    }
  }
}
