#if Fleet
  import Store

  /// What the server says of a statement that failed, by its code
  /// (https://www.postgresql.org/docs/15/errcodes-appendix.html).
  struct PostgresFault: Error {
    /// Our own code for a connection that broke.
    static let lost = "lost"

    let state: String
    let message: String

    /// Whether the connection is gone, or the server is about to close it.
    var isLost: Bool {
      state == Self.lost || state.hasPrefix("08") || ["57P01", "57P02", "57P03"].contains(state)
    }

    /// Whether the whole transaction, done again, may find things settled: it clashed with another one,
    /// or came second to a name that is there now, or to the removal of what it refers to; or its
    /// connection's statements were out of date, and it gets another one.
    var mayClash: Bool {
      isOfStatements || ["40001", "40P01", "23503", "23505"].contains(state)
    }

    /// Whether a prepared statement is gone, there already, or made for tables as they were before a
    /// migration ("cached plan must not change result type").
    var isOfStatements: Bool { ["0A000", "26000", "42P05"].contains(state) }

    /// The store's word for it.
    func error(at address: String) -> StoreError {
      switch state {
      case _ where isLost: .unreachable(address: address, reason: message)
      case _ where state.hasPrefix("28"), "3D000": .accessDenied(address: address, reason: message)
      case "42501", "25006": .readOnly(address: address, reason: message)
      case "55P03", "57014", "40001", "40P01", "53300", "25P03":
        .busy(address: address, reason: message)
      case "53100": .diskFull
      case "22021", "22P05", "54000":
        .invalidValue(field: "a value", reason: "is none that the database keeps: \(message)")
      case "XX001", "XX002": .databaseCorrupt(reason: message)
      default: .failed(reason: "PostgreSQL error \(state): \(message)")
      }
    }
  }
#endif
