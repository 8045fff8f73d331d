import ArgumentParser
import ObjectStore

/// Where an object store is, and who may use it.
struct ObjectStoreOptions: ParsableArguments {
  @Option(
    name: .customLong("objects"),
    help: "A place in an object store of S3's protocol, like s3://BUCKET/PREFIX.")
  var objects: String

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

  /// The store; nothing has been asked of it.
  func store() throws -> ObjectStore {
    var options = ObjectStore.Options()
    options.certificateFile = authorities
    return try ObjectStore(
      ObjectStoreAddress(objects, endpoint: endpoint, region: region),
      credentials: CredentialSource(file: credentials), options: options)
  }
}
