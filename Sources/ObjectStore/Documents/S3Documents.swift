import Foundation

/// An object, as a list shows it.
public struct ListedObject: Hashable, Sendable {
  /// The key below the address's prefix.
  public let key: String
  /// Bytes.
  public let size: Int64
  /// When it was put there, by the store's clock.
  public let modified: Date
}

/// A part of a list.
public struct ObjectPage: Sendable {
  /// In the order of their keys.
  public let objects: [ListedObject]
  /// Asks for the next part; nil after the last.
  public let next: String?
}

/// An upload in parts that was begun and neither completed nor aborted.
public struct UnfinishedUpload: Hashable, Sendable {
  /// The key below the address's prefix.
  public let key: String
  /// Names the upload.
  public let id: String
  /// When it was begun, by the store's clock.
  public let begun: Date
}

/// What a refusal says of itself.
package struct S3Failure: Equatable {
  package let code: String
  package let message: String

  /// Reads `<Error>`; nil for anything else.
  package init?(_ document: Data) {
    guard let root = XMLNode(document), root.name == "Error", let code = root["Code"]?.text,
      !code.isEmpty
    else { return nil }
    self.code = code
    message = root["Message"]?.text ?? ""
  }
}

/// S3's answers, read strictly: nil for what is none.
package enum S3Documents {
  package static func page(_ document: Data, prefix: String) -> ObjectPage? {
    guard let root = XMLNode(document), root.name == "ListBucketResult" else { return nil }
    var objects: [ListedObject] = []
    for entry in root.all("Contents") {
      guard let key = entry["Key"]?.text, let size = entry["Size"].flatMap({ Int64($0.text) }),
        size >= 0, let modified = entry["LastModified"].flatMap({ date($0.text) })
      else { return nil }
      // A store that knows folders may list them.
      guard key.hasPrefix(prefix), !key.hasSuffix("/") else { continue }
      objects.append(
        ListedObject(key: String(key.dropFirst(prefix.count)), size: size, modified: modified))
    }
    guard root["IsTruncated"]?.text == "true" else {
      return ObjectPage(objects: objects, next: nil)
    }
    guard let next = root["NextContinuationToken"]?.text, !next.isEmpty else { return nil }
    return ObjectPage(objects: objects, next: next)
  }

  package static func uploads(
    _ document: Data, prefix: String
  ) -> (uploads: [UnfinishedUpload], next: (key: String, id: String)?)? {
    guard let root = XMLNode(document), root.name == "ListMultipartUploadsResult" else {
      return nil
    }
    var uploads: [UnfinishedUpload] = []
    for entry in root.all("Upload") {
      guard let key = entry["Key"]?.text, let id = entry["UploadId"]?.text,
        let begun = entry["Initiated"].flatMap({ date($0.text) })
      else { return nil }
      guard key.hasPrefix(prefix) else { continue }
      uploads.append(
        UnfinishedUpload(key: String(key.dropFirst(prefix.count)), id: id, begun: begun))
    }
    guard root["IsTruncated"]?.text == "true" else { return (uploads, nil) }
    guard let key = root["NextKeyMarker"]?.text, let id = root["NextUploadIdMarker"]?.text,
      !key.isEmpty
    else { return nil }
    return (uploads, (key, id))
  }

  package static func uploadID(_ document: Data) -> String? {
    guard let root = XMLNode(document), root.name == "InitiateMultipartUploadResult",
      let id = root["UploadId"]?.text, !id.isEmpty
    else { return nil }
    return id
  }

  /// `2009-10-12T17:50:30.000Z`, with or without parts of a second.
  package static func date(_ text: String) -> Date? {
    (try? Date(text, strategy: .iso8601))
      ?? (try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
  }
}
