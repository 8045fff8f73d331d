import Foundation

/// An access key with its secret. Printing it shows neither.
public struct S3Credentials: Hashable, Sendable {
  /// Names the key.
  let accessKey: String
  /// Signs.
  let secretKey: String
  /// Comes with keys that are lent for a while.
  let sessionToken: String?

  private static let longest = 8192

  /// - Throws: ``ObjectStoreError/credentialsMissing(source:reason:)`` for texts that no header field
  ///   can carry.
  public init(
    accessKey: String, secretKey: String, sessionToken: String? = nil,
    source: String = "these texts"
  ) throws(ObjectStoreError) {
    for (name, text) in [
      ("access key", accessKey), ("secret key", secretKey), ("session token", sessionToken ?? "x"),
    ] {
      guard (1...Self.longest).contains(text.utf8.count),
        text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
      else {
        throw .credentialsMissing(
          source: source,
          reason: text.isEmpty ? "the \(name) is empty" : "the \(name) has characters that none has"
        )
      }
    }
    self.accessKey = accessKey
    self.secretKey = secretKey
    self.sessionToken = sessionToken
  }

  /// Reads `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and, where it is set, `AWS_SESSION_TOKEN`.
  /// - Throws: ``ObjectStoreError/credentialsMissing(source:reason:)``.
  public init(environment: [String: String]) throws(ObjectStoreError) {
    let source = "the environment"
    func value(_ name: String) throws(ObjectStoreError) -> String {
      guard let value = environment[name], !value.isEmpty else {
        throw .credentialsMissing(source: source, reason: "\(name) is not set")
      }
      return value
    }
    try self.init(
      accessKey: value("AWS_ACCESS_KEY_ID"), secretKey: value("AWS_SECRET_ACCESS_KEY"),
      sessionToken: environment["AWS_SESSION_TOKEN"].flatMap { $0.isEmpty ? nil : $0 },
      source: source)
  }

  /// Reads a profile of a shared credentials file: lines `name = value` below `[profile]`.
  /// - Throws: ``ObjectStoreError/credentialsMissing(source:reason:)``.
  public init(file path: String, profile: String = "default") throws(ObjectStoreError) {
    guard let file = FileHandle(forReadingAtPath: path) else {
      throw .credentialsMissing(source: path, reason: "it cannot be read")
    }
    defer { try? file.close() }
    // nil is the end of an empty file.
    guard let bytes = try? file.read(upToCount: 1 << 20) ?? Data(),
      let text = String(bytes: bytes, encoding: .utf8)
    else { throw .credentialsMissing(source: path, reason: "it is no text") }
    try self.init(text: text, profile: profile, source: path)
  }

  init(text: String, profile: String, source: String) throws(ObjectStoreError) {
    var values: [String: String] = [:]
    var isProfile = false
    var isThere = false
    for line in text.split(whereSeparator: \.isNewline) {
      let line = line.trimmingCharacters(in: .whitespaces)
      if line.hasPrefix("["), line.hasSuffix("]") {
        isProfile = line.dropFirst().dropLast().trimmingCharacters(in: .whitespaces) == profile
        isThere = isThere || isProfile
      } else if isProfile, !line.hasPrefix("#"), !line.hasPrefix(";"),
        let sign = line.firstIndex(of: "=")
      {
        let name = line[..<sign].trimmingCharacters(in: .whitespaces).lowercased()
        values[name] = line[line.index(after: sign)...].trimmingCharacters(in: .whitespaces)
      }
    }
    guard isThere else {
      throw .credentialsMissing(source: source, reason: "it has no profile [\(profile)]")
    }
    guard let access = values["aws_access_key_id"], let secret = values["aws_secret_access_key"]
    else {
      throw .credentialsMissing(
        source: source,
        reason: "[\(profile)] lacks aws_access_key_id or aws_secret_access_key")
    }
    try self.init(
      accessKey: access, secretKey: secret,
      sessionToken: values["aws_session_token"].flatMap { $0.isEmpty ? nil : $0 },
      source: source)
  }
}

extension S3Credentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// Nothing of it.
  public var description: String { "credentials" }
  /// Nothing of it.
  public var debugDescription: String { description }
  /// Nothing of it.
  public var customMirror: Mirror { Mirror(self, children: [:]) }
}
