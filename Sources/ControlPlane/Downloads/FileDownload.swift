import Digests
import Foundation
import HTTPServer
import HTTPTypes
import Store

/// One file of a model on its way out.
struct FileDownload {
  /// Where its bytes are.
  enum Content {
    case blob(BlobRecord)
    case bytes(Data, SHA256Digest)

    var digest: SHA256Digest {
      switch self {
      case .blob(let blob): blob.digest
      case .bytes(_, let digest): digest
      }
    }

    var size: Int64 {
      switch self {
      case .blob(let blob): blob.size
      case .bytes(let bytes, _): Int64(bytes.count)
      }
    }
  }

  let content: Content
  let mediaType: String
  /// When the model was published.
  let createdAt: Date
  /// Extra fields.
  var headers = HTTPFields()

  /// Seconds for which an address of the file where its bytes are holds: enough to begin.
  private static let addressLifetime = 300

  /// What the file is, for who fetches it elsewhere: digest and size, as Hugging Face's hub names them.
  var linked: HTTPFields {
    var fields = HTTPFields()
    if let name = HTTPField.Name("X-Linked-Etag") { fields[name] = "\"\(content.digest.hex)\"" }
    if let name = HTTPField.Name("X-Linked-Size") { fields[name] = String(content.size) }
    return fields
  }

  /// The answer to a request for the file, under the digest as its tag.
  /// - Parameter redirects: Whether the bytes are fetched where they are, if that is elsewhere.
  func response(
    to request: Request, from store: any CompleteStore, redirects: Bool
  ) throws -> Response {
    let digest = content.digest
    guard let tag = EntityTag(digest.hex) else { throw StoreError.blobCorrupt(digest) }
    var headers = headers
    // RFC 9530 §3: base64 of the digest of the whole representation, ranges or not.
    if let name = HTTPField.Name("Repr-Digest") {
      headers[name] = "sha-256=:\(Data(digest.bytes).base64EncodedString()):"
    }
    // What users called their classes must not be taken for a page.
    headers[.xContentTypeOptions] = "nosniff"
    let read: Response.Read =
      switch content {
      case .blob: try store.open(digest).piece
      case .bytes(let bytes, _): { bytes.dropFirst(Int($0)) }
      }
    let response = Entity(
      tag: tag, length: content.size, mediaType: mediaType, lastModified: createdAt,
      headers: headers, read: read
    ).response(to: request)
    // A signed address is for GET alone (SigV4 signs the method).
    guard redirects, request.method == .get, [.ok, .partialContent].contains(response.status),
      let redirect = try redirect(from: store)
    else { return response }
    return redirect
  }

  /// Nil where the bytes are here.
  private func redirect(from store: any CompleteStore) throws -> Response? {
    var answering = ["content-type": mediaType]
    answering["content-disposition"] = headers[.contentDisposition]
    guard case .blob(let blob) = content,
      let address = try store.address(
        of: blob.digest, for: Self.addressLifetime, answering: answering)
    else { return nil }
    var response = Response(.temporaryRedirect, headers: linked)
    response.headers[.location] = address
    // The address holds for minutes, and lets in whoever has it.
    response.headers[.cacheControl] = "no-store"
    return response
  }
}
