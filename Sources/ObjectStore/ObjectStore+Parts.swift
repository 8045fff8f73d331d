import Digests
import Foundation
import HTTPTypes
import Transfers

extension ObjectStore {
  /// Parts that the protocol allows one upload.
  private static let mostParts: Int64 = 10_000

  func putInParts(
    _ key: String, _ content: ObjectContent, ifAbsent: Bool, cancellation: TransferCancellation?
  ) throws -> PutOutcome {
    // Nothing need be sent for what is there; the condition at the end is what counts.
    if ifAbsent, try head(key)?.size == content.size { return .alreadyThere }
    let id = try beginUpload(key)
    do {
      let tags = try sendParts(key, id, content, cancellation)
      let outcome = try complete(key, id, tags, content, ifAbsent)
      if outcome == .alreadyThere { try? abort(key, id) }
      return outcome
    } catch {
      // The failure matters more; what stays is found by unfinishedUploads().
      try? abort(key, id)
      throw error
    }
  }

  /// Begins an upload in parts, and names it.
  package func beginUpload(_ key: String) throws(ObjectStoreError) -> String {
    let begun = try perform(
      Call(method: .post, key: key, query: [("uploads", "")], action: .write))
    guard let id = S3Documents.uploadID(begun.body) else {
      throw unexpected("no name for an upload in parts")
    }
    return id
  }

  private func sendParts(
    _ key: String, _ id: String, _ content: ObjectContent, _ cancellation: TransferCancellation?
  ) throws -> [String] {
    let least = (content.size + Self.mostParts - 1) / Self.mostParts
    let size = max(options.partSize, 5 << 20, least)
    var hasher = SHA256()
    var tags: [String] = []
    var position: Int64 = 0
    while position < content.size {
      let range = position..<min(content.size, position + size)
      let digest = try content.digest(range, &hasher)
      let response = try perform(
        Call(
          method: .put, key: key,
          query: [("partNumber", String(tags.count + 1)), ("uploadId", id)],
          body: content.body(range), payload: digest.hex, action: .write),
        cancellation: cancellation)
      guard let tag = response.head.headers[.eTag] else { throw unexpected("a part without a tag") }
      tags.append(tag)
      position = range.upperBound
    }
    guard hasher.finalize() == content.digest else {
      throw ObjectStoreError.fileUnusable(
        path: key, reason: "its bytes changed while they were stored")
    }
    return tags
  }

  private func complete(
    _ key: String, _ id: String, _ tags: [String], _ content: ObjectContent, _ ifAbsent: Bool
  ) throws(ObjectStoreError) -> PutOutcome {
    let parts = tags.enumerated().map { number, tag in
      "<Part><PartNumber>\(number + 1)</PartNumber><ETag>\(Self.escaped(tag))</ETag></Part>"
    }
    let body = Data(
      "<CompleteMultipartUpload>\(parts.joined())</CompleteMultipartUpload>".utf8)
    var attempt = 0
    while true {
      attempt += 1
      var answer = Data()
      var status = 0
      let outcome = try conditionally(ifAbsent) { headers throws(ObjectStoreError) in
        let response = try perform(
          Call(
            method: .post, key: key, query: [("uploadId", id)], headers: headers,
            body: .bytes(body), payload: SHA256.digest(of: body).hex, action: .write),
          accepting: [200, 404, 412, 501])
        (answer, status) = (response.body, response.head.status)
        return response
      }
      guard outcome == .stored else { return outcome }
      // The status comes before the work, so an error may follow it
      // (https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html).
      guard let failure = S3Failure(answer) else {
        guard status == 200 else { throw unexpected("status \(status)") }
        return .stored
      }
      // An earlier attempt, whose answer was lost, may have completed it.
      if failure.code == "NoSuchUpload", try head(key)?.size == content.size { return .stored }
      guard failure.code == "InternalError", attempt < options.retry.attempts else {
        throw unexpected("\(failure.code): \(failure.message)")
      }
      options.retry.wait(options.retry.pause(after: attempt, asked: nil))
    }
  }

  /// Lets go of the parts of an upload.
  /// - Throws: ``ObjectStoreError``.
  public func abort(_ upload: UnfinishedUpload) throws(ObjectStoreError) {
    try abort(upload.key, upload.id)
  }

  private func abort(_ key: String, _ id: String) throws(ObjectStoreError) {
    _ = try perform(
      Call(method: .delete, key: key, query: [("uploadId", id)], action: .delete),
      accepting: [200, 204, 404])
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
  }
}
