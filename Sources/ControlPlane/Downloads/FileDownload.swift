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

  /// The answer to a request for the file, under the digest as its tag.
  func response(to request: Request, from store: any CompleteStore) throws -> Response {
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
    return Entity(
      tag: tag, length: content.size, mediaType: mediaType, lastModified: createdAt,
      headers: headers, read: read
    ).response(to: request)
  }
}
