import Digests
import Foundation

/// A data set the operator registered.
public struct DatasetRecord: Equatable, Sendable {
  /// Unique name.
  public var name: String
  /// Where the files are.
  public var path: String
  /// How to read them; opaque here.
  public var format: String
  /// What the caller takes for the content's identity.
  public var digest: SHA256Digest
  /// Class names in label order.
  public var classes: [String]
  /// Sample counts as JSON; opaque here.
  public var counts: Data
  /// A cheap sign that the files are untouched, when the caller has one. It is no part of the data
  /// set's identity: adding the same data set again replaces it.
  public var fingerprint: SHA256Digest?
  /// The blob that lists the data set's files and the blobs they are in; nil when they are at ``path``
  /// alone. No part of the identity either.
  public var manifest: SHA256Digest?

  /// All fields; the store validates them when the data set is added.
  public init(
    name: String, path: String, format: String, digest: SHA256Digest, classes: [String],
    counts: Data, fingerprint: SHA256Digest? = nil, manifest: SHA256Digest? = nil
  ) {
    self.name = name
    self.path = path
    self.format = format
    self.digest = digest
    self.classes = classes
    self.counts = counts
    self.fingerprint = fingerprint
    self.manifest = manifest
  }
}
