#if Fleet
  import CPostgres
  import Foundation
  import Store

  /// One connection, used by one thread at a time.
  ///
  /// Statements are prepared the first time, with their parameters apart from them: planning the claim again
  /// would cost more than running it. Not where a pooler stands between: PgBouncer in transaction mode hands
  /// out another server connection after each transaction, and before version 1.21 knows nothing of
  /// statements that were prepared on the one before; Debian 12 has 1.18. There they go unnamed.
  package final class PostgresConnection {
    /// Statements that a connection keeps at most. There are fewer texts than that in the program; more
    /// would be a mistake that fills the server's memory.
    private static let statementLimit = 500

    private let handle: OpaquePointer
    private let address: PostgresAddress
    /// Whether one server process answers, from the first statement to the last.
    private let isDirect: Bool
    /// Names of prepared statements by their text and the types of their parameters.
    private var statements: [Statement: String] = [:]
    /// Whether the server's prepared statements are others than ours.
    private var hasStaleStatements = false

    private struct Statement: Hashable {
      let sql: String
      let types: [UInt32]
    }

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
      // A pooler tells its clients a key of its own for cancelling, and with it another process.
      let answer = PQexec(handle, "SELECT pg_backend_pid()")
      defer { PQclear(answer) }
      isDirect =
        PQresultStatus(answer) == PGRES_TUPLES_OK
        && PQgetvalue(answer, 0, 0).flatMap { Int32(String(cString: $0)) } == PQbackendPID(handle)
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
        && !hasStaleStatements
    }

    /// Statements without parameters, sent together; the last one's rows.
    @discardableResult
    package func execute(_ sql: String) throws -> PostgresResult { try result(PQexec(handle, sql)) }

    /// One statement.
    /// - Parameter isBinary: Whether values come as bytes.
    package func execute(
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
      let name = try prepared(Statement(sql: sql, types: types))
      return try bytes.withUnsafeBytes { buffer in
        let base = buffer.bindMemory(to: CChar.self).baseAddress
        let pointers = places.map { place in place.flatMap { base?.advanced(by: $0) } }
        let count = Int32(values.count)
        return try result(
          name.map {
            PQexecPrepared(handle, $0, count, pointers, lengths, formats, isBinary ? 1 : 0)
          } ?? PQexecParams(handle, sql, count, types, pointers, lengths, formats, isBinary ? 1 : 0)
        )
      }
    }

    /// The name of a prepared statement; nil where it goes unnamed.
    private func prepared(_ statement: Statement) throws -> String? {
      if let name = statements[statement] { return name }
      guard isDirect, statements.count < Self.statementLimit else { return nil }
      let name = "crisp_\(statements.count)"
      _ = try result(
        PQprepare(
          handle, name, statement.sql, Int32(statement.types.count), statement.types))
      statements[statement] = name
      return name
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
        let fault = PostgresFault(
          state: PQstatus(handle) == CONNECTION_OK ? state ?? "" : PostgresFault.lost,
          message: address.cleared(message))
        if fault.isOfStatements { hasStaleStatements = true }
        throw fault
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
