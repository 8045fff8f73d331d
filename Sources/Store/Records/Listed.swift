/// An element of lists, whose texts count against the size of a page.
package protocol Listed: Sendable {
  /// Bytes of the texts that it shows.
  var listedBytes: Int { get }
}

extension JobRecord: Listed {
  package var listedBytes: Int {
    [profile, recipe, metadata, progress, error, estimate].reduce(0) { $0 + ($1?.count ?? 0) }
  }
}

extension ModelRecord: Listed {
  package var listedBytes: Int { metadata.count + labels.reduce(0) { $0 + $1.utf8.count } }
}

extension EventRecord: Listed {
  package var listedBytes: Int { event.message.utf8.count + (event.data?.count ?? 0) }
}

extension Page where Element: Listed {
  /// Elements until there are enough of them, or of their bytes.
  /// - Parameters:
  ///   - next: The next row of a query that finds one more than `limit`; nil at the end.
  ///   - record: What a row holds.
  package init<Row>(
    limit: Int, next: () throws -> Row?, record: (Row) throws -> Element
  ) throws {
    var elements: [Element] = []
    var bytes = 0
    while let row = try next() {
      guard elements.count < limit, bytes < Self.byteLimit else {
        self.init(elements, hasMore: true)
        return
      }
      let element = try record(row)
      elements.append(element)
      bytes += element.listedBytes + Self.bytesPerElement
    }
    self.init(elements, hasMore: false)
  }
}
