/// What a database takes on disk.
public struct FileStatistics: Equatable, Sendable {
  /// Bytes of the database file.
  public let databaseBytes: Int64
  /// Bytes of its write-ahead log; 0 when there is none.
  public let logBytes: Int64
  /// Pages of the database.
  public let pages: Int64
  /// Pages among them that hold nothing and will be used again.
  public let freePages: Int64
  /// Bytes of a page.
  public let pageBytes: Int64

  /// Bytes that hold nothing.
  public var freeBytes: Int64 {
    let (bytes, overflows) = freePages.multipliedReportingOverflow(by: pageBytes)
    return overflows ? .max : bytes
  }

  /// All fields.
  package init(
    databaseBytes: Int64, logBytes: Int64, pages: Int64, freePages: Int64, pageBytes: Int64
  ) {
    self.databaseBytes = databaseBytes
    self.logBytes = logBytes
    self.pages = pages
    self.freePages = freePages
    self.pageBytes = pageBytes
  }
}
