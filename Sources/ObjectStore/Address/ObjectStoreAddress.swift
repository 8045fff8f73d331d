import Foundation

/// A place in an object store: a bucket, a prefix of keys in it, the server's address and region.
///
/// Written `s3://BUCKET/PREFIX?endpoint=https://HOST:PORT&region=REGION`; endpoint and region may be
/// given beside it. Requests are in path style (`https://HOST/BUCKET/KEY`), which every server
/// understands.
public struct ObjectStoreAddress: Hashable, Sendable {
  /// The region when none is given, which servers other than Amazon's take for any.
  public static let defaultRegion = "us-east-1"

  /// The bucket's name: 3 to 63 lower-case letters, digits, dots and hyphens.
  public let bucket: String
  /// What all keys begin with: empty, or ending in a slash.
  public let prefix: String
  /// `http://` or `https://`, host and port, without a slash at the end.
  public let endpoint: String
  /// The region that requests are signed for.
  public let region: String

  private static let longestPrefix = 512

  /// Reads an address.
  /// - Parameters:
  ///   - text: `s3://BUCKET/PREFIX`, perhaps with a query of `endpoint` and `region`.
  ///   - endpoint: The server's address; Amazon's of the region when there is none.
  ///   - region: The region.
  /// - Throws: ``ObjectStoreError/invalidAddress(_:reason:)``.
  public init(
    _ text: String, endpoint: String? = nil, region: String? = nil
  ) throws(ObjectStoreError) {
    // Before anything of it is repeated.
    guard !text.contains("@") else {
      throw .invalidAddress(
        "s3://…", reason: "credentials do not belong into it, nor does the sign @")
    }
    func refusal(_ reason: String) -> ObjectStoreError { .invalidAddress(text, reason: reason) }
    guard text.lowercased().hasPrefix("s3://") else {
      throw refusal("it does not begin with s3://")
    }
    guard let parts = URLComponents(string: text), parts.fragment == nil, parts.port == nil else {
      throw refusal("it is not written as an address")
    }
    guard let bucket = parts.host, Self.isBucket(bucket) else {
      throw refusal("a bucket has 3 to 63 lower-case letters, digits, dots and hyphens")
    }
    var given: [String: String] = [:]
    for item in parts.queryItems ?? [] {
      guard ["endpoint", "region"].contains(item.name) else {
        throw refusal("it knows endpoint and region, and not \(item.name)")
      }
      guard let value = item.value, given.updateValue(value, forKey: item.name) == nil else {
        throw refusal("\(item.name) must have one value")
      }
    }
    for (name, value) in [("endpoint", endpoint), ("region", region)] {
      guard let value else { continue }
      guard given[name] == nil || given[name] == value else {
        throw refusal("\(name) is given twice, and differently")
      }
      given[name] = value
    }
    let region = given["region"] ?? Self.defaultRegion
    guard (1...64).contains(region.utf8.count),
      region.utf8.allSatisfy({ Self.isLowerAlphanumeric($0) || $0 == UInt8(ascii: "-") })
    else { throw refusal("a region has up to 64 lower-case letters, digits and hyphens") }
    self.bucket = bucket
    self.region = region
    prefix = try Self.prefix(parts.path, refusal)
    self.endpoint = try Self.endpoint(
      given["endpoint"] ?? "https://s3.\(region).amazonaws.com", refusal)
  }

  private static func prefix(
    _ path: String, _ refusal: (String) -> ObjectStoreError
  ) throws(ObjectStoreError) -> String {
    let names = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
    let kept = names.last == "" ? names.dropLast() : names
    guard kept.allSatisfy({ !["", ".", ".."].contains($0) }) else {
      throw refusal("the prefix has an empty part, or one of dots")
    }
    guard path.utf8.count <= longestPrefix,
      path.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
    else { throw refusal("the prefix has control characters or more than \(longestPrefix) bytes") }
    return kept.isEmpty ? "" : kept.joined(separator: "/") + "/"
  }

  private static func endpoint(
    _ text: String, _ refusal: (String) -> ObjectStoreError
  ) throws(ObjectStoreError) -> String {
    guard let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(),
      ["http", "https"].contains(scheme), let host = parts.host, !host.isEmpty,
      parts.user == nil, parts.password == nil, ["", "/"].contains(parts.path),
      parts.query == nil, parts.fragment == nil,
      parts.port.map({ (1...65535).contains($0) }) ?? true,
      text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
    else { throw refusal("the endpoint has to be like https://host:port, without a path") }
    // As libcurl writes the field Host, which is signed: without the scheme's own port.
    let isDefault = parts.port == (scheme == "http" ? 80 : 443)
    let port = isDefault ? "" : parts.port.map { ":\($0)" } ?? ""
    return "\(scheme)://\(host.lowercased())\(port)"
  }

  private static func isBucket(_ name: String) -> Bool {
    let bytes = Array(name.utf8)
    guard (3...63).contains(bytes.count), let first = bytes.first, let last = bytes.last,
      isLowerAlphanumeric(first), isLowerAlphanumeric(last), !name.contains("..")
    else { return false }
    return bytes.allSatisfy {
      isLowerAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".")
    }
  }

  private static func isLowerAlphanumeric(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
      || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  /// Host and port, as the field `Host` has them.
  var authority: String {
    String(endpoint.dropFirst(endpoint.hasPrefix("https") ? 8 : 7))
  }
}

extension ObjectStoreAddress: CustomStringConvertible {
  /// Bucket, prefix and endpoint.
  public var description: String { "s3://\(bucket)/\(prefix) at \(endpoint)" }
}
