import HTTPTypes

/// Whether an answer is sent compressed, by what its client would take.
enum ContentCoding {
  /// Shorter bodies are sent as they are: one packet holds them anyway.
  static let least = 1024

  /// Compresses a body in memory with gzip, if the client would rather have it so (RFC 9110 §12.5.3) and
  /// it is text. What has a strong tag stays as it is: the tag and ranges are of those very bytes.
  static func apply(to response: inout Response, for request: Request) {
    guard case .bytes(let bytes) = response.body, bytes.count >= least,
      response.status.code != 206, response.headers[.contentEncoding] == nil,
      response.headers[.eTag] == nil, isText(response.headers[.contentType])
    else { return }
    // Also when it is not compressed: a cache must not keep one for the other.
    response.addVary("Accept-Encoding")
    guard prefersGzip(request.headers[.acceptEncoding]), let coded = Gzip.compressed(bytes),
      coded.count < bytes.count
    else { return }
    response.body = .bytes(coded)
    response.headers[.contentEncoding] = "gzip"
  }

  /// Text compresses well; pictures and models are compressed or random already.
  private static func isText(_ mediaType: String?) -> Bool {
    let type = mediaType?.prefix { $0 != ";" }.lowercased() ?? ""
    return type.hasPrefix("text/") && type != "text/event-stream" || type.hasSuffix("+json")
      || type.hasSuffix("+xml") || ["application/json", "application/javascript"].contains(type)
  }

  /// Whether a field takes gzip, and identity no more than that. Without a field nothing is compressed.
  static func prefersGzip(_ field: String?) -> Bool {
    var gzip: Double?
    var identity: Double?
    var others: Double?
    for member in Array((field ?? "").utf8).split(separator: UInt8(ascii: ",")).prefix(32) {
      guard member.count <= 256 else { continue }
      let coding = FieldParameters(member)
      switch coding.value {
      case "gzip", "x-gzip": gzip = gzip ?? coding.quality
      case "identity": identity = identity ?? coding.quality
      case "*": others = others ?? coding.quality
      default: break
      }
    }
    let wanted = gzip ?? others ?? 0
    return wanted > 0 && wanted >= (identity ?? 0)
  }
}
