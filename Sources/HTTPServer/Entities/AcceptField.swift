/// What a client would take, from its `Accept` field (RFC 9110 §12.5.1).
public struct AcceptField: Sendable {
  private struct Range {
    let type: Substring
    let subtype: Substring
    let quality: Double

    /// How closely the range names a type; nil when it does not.
    func precision(for type: Substring, _ subtype: Substring) -> Int? {
      if self.type == "*" { return self.subtype == "*" ? 0 : nil }
      guard self.type == type else { return nil }
      if self.subtype == "*" { return 1 }
      return self.subtype == subtype ? 2 : nil
    }
  }

  private let ranges: [Range]

  /// The field's value; nil and an empty value take anything. Members that are no media ranges are
  /// skipped, parameters other than the quality do not count.
  public init(_ value: String?) {
    let members = Array((value ?? "").utf8).split(separator: UInt8(ascii: ","))
    ranges = members.compactMap { member in
      // A media range is ASCII (RFC 9110 §8.3.1), and none is this long.
      guard member.count <= 256, member.allSatisfy({ $0 < 0x80 }) else { return nil }
      let range = FieldParameters(member)
      guard let slash = range.value.firstIndex(of: "/") else { return nil }
      return Range(
        type: range.value[..<slash], subtype: range.value[range.value.index(after: slash)...],
        quality: range.quality)
    }
  }

  /// How welcome a media type in lower case is, 0…1; the range that names it most closely decides.
  public func quality(of mediaType: String) -> Double {
    if ranges.isEmpty { return 1 }
    guard let slash = mediaType.firstIndex(of: "/") else { return 0 }
    let type = mediaType[..<slash]
    let subtype = mediaType[mediaType.index(after: slash)...]
    var best: (precision: Int, quality: Double)?
    for range in ranges {
      guard let precision = range.precision(for: type, subtype) else { continue }
      if best.map({ precision > $0.precision }) ?? true { best = (precision, range.quality) }
    }
    return best?.quality ?? 0
  }

  /// The most welcome of what there is, the first of equals; nil when the client takes none.
  public func preferred(among mediaTypes: [String]) -> String? {
    var best: (type: String, quality: Double)?
    for type in mediaTypes {
      let quality = quality(of: type)
      if quality > best?.quality ?? 0 { best = (type, quality) }
    }
    return best?.type
  }
}
