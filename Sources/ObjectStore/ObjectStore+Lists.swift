import Foundation

extension ObjectStore {
  /// Part of the objects whose keys begin with `start`, 1000 at most, in the order of their keys.
  /// - Parameter next: ``ObjectPage/next`` of the part before.
  /// - Throws: ``ObjectStoreError``.
  public func list(
    _ start: String = "", after next: String? = nil
  ) throws(ObjectStoreError) -> ObjectPage {
    var query = [("list-type", "2"), ("max-keys", "1000"), ("prefix", address.prefix + start)]
    if let next { query.append(("continuation-token", next)) }
    let response = try perform(
      Call(method: .get, query: query.map { (name: $0.0, value: $0.1) }, action: .list))
    guard let page = S3Documents.page(response.body, prefix: address.prefix) else {
      throw unexpected("no list of objects")
    }
    return page
  }

  /// Uploads in parts that were begun before `date` and are not complete. A process that died leaves
  /// them, and the store charges for their parts until they are aborted.
  /// - Returns: At most 1000; more remain for the next time.
  /// - Throws: ``ObjectStoreError``.
  public func unfinishedUploads(
    begunBefore date: Date
  ) throws(ObjectStoreError) -> [UnfinishedUpload] {
    var found: [UnfinishedUpload] = []
    var marker: (key: String, id: String)?
    repeat {
      var query = [("uploads", ""), ("prefix", address.prefix), ("max-uploads", "1000")]
      if let marker { query += [("key-marker", marker.key), ("upload-id-marker", marker.id)] }
      let response = try perform(
        Call(method: .get, query: query.map { (name: $0.0, value: $0.1) }, action: .list))
      guard let page = S3Documents.uploads(response.body, prefix: address.prefix) else {
        throw unexpected("no list of uploads")
      }
      guard page.next == nil || page.next?.key != marker?.key || page.next?.id != marker?.id else {
        throw unexpected("a list that does not go on")
      }
      found += page.uploads.filter { $0.begun < date }
      marker = page.next
    } while marker != nil && found.count < 1000
    return Array(found.prefix(1000))
  }
}
