#if Fleet
  import CPostgres
  import Foundation
  import Store

  /// One connection, used by one thread at a time.
  ///
  /// Statements are sent unnamed, with their parameters apart from them (PQexecParams): PgBouncer in
  /// transaction mode hands out another server connection after each transaction, and before version 1.21
  /// knows nothing of statements that were prepared on the one before; Debian 12 has 1.18. Parsing a
  /// statement again costs some tens of microseconds, less than the commit that follows.
  package final class PostgresConnection {
    private let handle: OpaquePointer
    private let address: PostgresAddress

    /// - Throws: ``StoreError/unreachable(address:reason:)``,
    ///   ``StoreError/accessDenied(address:reason:)``, ``StoreError/readOnly(address:reason:)``.
    package init(_ address: PostgresAddress) throws {
      self.address = address
      guard let handle = Self.connect(address.parameters) else {
        throw StoreError.unreachable(address: address.text, reason: "no memory for a connection")
      }
      guard PQstatus(handle) == CONNECTION_OK else {
        let reason = address.cleared(String(cString: PQerrorMessage(handle)))
        PQfinish(handle)
        throw Self.failure(address, reason: reason)
      }
      self.handle = handle
      // Notices, such as those of migrations, are not for standard error.
      PQsetNoticeProcessor(handle, { _, _ in }, nil)
    }

    deinit { PQfinish(handle) }

    private static func connect(_ parameters: [(keyword: String, value: String)]) -> OpaquePointer?
    {
      withCStrings(parameters.map(\.keyword)) { keywords in
        withCStrings(parameters.map(\.value)) { values in PQconnectdbParams(keywords, values, 0) }
      }
    }

    /// Which of the three it is, without a look at words that come in the server's language.
    private static func failure(_ address: PostgresAddress, reason: String) -> StoreError {
      let answer = withCStrings(address.parameters.map(\.keyword)) { keywords in
        withCStrings(address.parameters.map(\.value)) { values in PQpingParams(keywords, values, 0)
        }
      }
      guard answer == PQPING_OK else {
        return .unreachable(address: address.text, reason: reason)
      }
      if let other = connect(address.with("target_session_attrs", "any")) {
        defer { PQfinish(other) }
        if PQstatus(other) == CONNECTION_OK {
          // One that takes writes has come back since, from a crash or a fail-over; or is on its way, where
          // there are several hosts.
          let answer = PQexec(other, "SHOW transaction_read_only")
          defer { PQclear(answer) }
          let isReadOnly =
            PQresultStatus(answer) == PGRES_TUPLES_OK
            && !address.hasSeveralHosts
            && PQgetvalue(answer, 0, 0).map { String(cString: $0) } == "on"
          return isReadOnly
            ? .readOnly(address: address.text, reason: reason)
            : .unreachable(address: address.text, reason: reason)
        }
      }
      // English servers only; others name it as a refusal.
      if reason.contains("too many") || reason.contains("remaining connection slots") {
        return .busy(address: address.text, reason: reason)
      }
      return .accessDenied(address: address.text, reason: reason)
    }

    /// Whether the connection can be used on.
    var isUsable: Bool {
      PQstatus(handle) == CONNECTION_OK && PQtransactionStatus(handle) == PQTRANS_IDLE
    }

    /// Statements without parameters, sent together; the last one's rows.
    @discardableResult
    package func execute(_ sql: String) throws -> PostgresResult { try result(PQexec(handle, sql)) }

    /// One statement.
    /// - Parameter isBinary: Whether values come as bytes.
    func execute(
      _ sql: String, _ values: [PostgresValue], isBinary: Bool = false
    ) throws -> PostgresResult {
      var bytes: [UInt8] = []
      var places: [Int?] = []
      let contents = values.map(\.content)
      for content in contents {
        guard let content else {
          places.append(nil)
          continue
        }
        places.append(bytes.count)
        bytes.append(contentsOf: content)
        bytes.append(0)
      }
      let lengths = contents.map { Int32(clamping: $0?.count ?? 0) }
      let formats = values.map { $0.isBinary ? Int32(1) : 0 }
      let types = values.map(\.type)
      return try bytes.withUnsafeBytes { buffer in
        let base = buffer.bindMemory(to: CChar.self).baseAddress
        let pointers = places.map { place in place.flatMap { base?.advanced(by: $0) } }
        return try result(
          PQexecParams(
            handle, sql, Int32(values.count), types, pointers, lengths, formats, isBinary ? 1 : 0))
      }
    }

    private func result(_ raw: OpaquePointer?) throws -> PostgresResult {
      guard let raw else {
        throw PostgresFault(
          state: PostgresFault.lost,
          message: address.cleared(String(cString: PQerrorMessage(handle))))
      }
      let result = PostgresResult(raw)
      switch PQresultStatus(raw) {
      case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: return result
      default:
        let state = PQresultErrorField(raw, Int32(UInt8(ascii: "C"))).map { String(cString: $0) }
        let message =
          PQresultErrorField(raw, Int32(UInt8(ascii: "M"))).map { String(cString: $0) }
          ?? String(cString: PQerrorMessage(handle))
        throw PostgresFault(
          state: PQstatus(handle) == CONNECTION_OK ? state ?? "" : PostgresFault.lost,
          message: address.cleared(message))
      }
    }
  }

  /// C's null-terminated list of texts.
  private func withCStrings<Value>(
    _ texts: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> Value
  ) -> Value {
    let copies = texts.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    return (copies.map { UnsafePointer($0) } + [nil]).withUnsafeBufferPointer {
      body($0.baseAddress)
    }
  }
#endif
