import Foundation
import Synchronization

/// Where credentials come from. A file is read again when it has changed, so that keys can be
/// replaced while a server runs.
public final class CredentialSource: Sendable {
  private struct Known {
    let credentials: S3Credentials
    let changed: Date?
    let file: Int?
  }

  private let path: String?
  private let profile: String
  private let known: Mutex<Known>

  /// Credentials that stay.
  public init(_ credentials: S3Credentials) {
    path = nil
    profile = ""
    known = Mutex(Known(credentials: credentials, changed: nil, file: nil))
  }

  /// A profile of a shared credentials file, or the environment when there is no path.
  /// - Throws: ``ObjectStoreError/credentialsMissing(source:reason:)``.
  public init(
    file path: String?, environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws(ObjectStoreError) {
    let profile = environment["AWS_PROFILE"] ?? "default"
    self.path = path
    self.profile = profile
    guard let path else {
      known = Mutex(
        Known(credentials: try S3Credentials(environment: environment), changed: nil, file: nil))
      return
    }
    let state = Self.state(path)
    known = Mutex(
      Known(
        credentials: try S3Credentials(file: path, profile: profile), changed: state.changed,
        file: state.file))
  }

  /// The credentials as they are now. A file that is half written, or gone, leaves the old ones.
  func current() -> S3Credentials {
    known.withLock { known in
      guard let path else { return known.credentials }
      let state = Self.state(path)
      if state.changed != known.changed || state.file != known.file,
        let credentials = try? S3Credentials(file: path, profile: profile)
      {
        known = Known(credentials: credentials, changed: state.changed, file: state.file)
      }
      return known.credentials
    }
  }

  private static func state(_ path: String) -> (changed: Date?, file: Int?) {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    return (
      attributes?[.modificationDate] as? Date,
      (attributes?[.systemFileNumber] as? NSNumber)?.intValue
    )
  }
}
