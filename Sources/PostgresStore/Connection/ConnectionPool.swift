#if Fleet
  import Foundation
  import Store

  /// A bounded number of connections, made when they are needed and lent to one caller each.
  final class ConnectionPool: @unchecked Sendable {
    private let address: PostgresAddress
    private let size: Int
    private let patience: TimeInterval
    /// Guards what follows.
    private let condition = NSCondition()
    private var idle: [PostgresConnection] = []
    private var lent = 0
    private var isClosed = false

    /// - Parameters:
    ///   - size: Connections at most.
    ///   - patience: Seconds that a caller waits for one at most.
    init(_ address: PostgresAddress, size: Int, patience: TimeInterval) {
      self.address = address
      self.size = max(1, size)
      self.patience = patience
    }

    /// A connection for the caller alone, which gives it back by ``giveBack(_:)``.
    /// - Throws: ``StoreError/busy(address:reason:)`` when none came free in time,
    ///   ``StoreError/cannotOpen(path:reason:)`` after ``close()``, and what connecting throws.
    func take() throws -> PostgresConnection {
      condition.lock()
      let end = Date(timeIntervalSinceNow: patience)
      while lent >= size, !isClosed {
        guard condition.wait(until: end) else { break }
      }
      guard !isClosed else {
        condition.unlock()
        throw StoreError.cannotOpen(path: address.text, reason: "it was closed")
      }
      guard lent < size else {
        condition.unlock()
        throw StoreError.busy(
          address: address.text,
          reason: "all \(size) connections were in use for \(Int(patience)) seconds")
      }
      lent += 1
      let waiting = idle.popLast()
      condition.unlock()
      if let waiting { return waiting }
      do { return try PostgresConnection(address) } catch {
        giveBack(nil)
        throw error
      }
    }

    /// Ends a loan. A connection that cannot be used on is closed; so are those that wait, which were made
    /// before it and have most likely gone the same way.
    func giveBack(_ connection: PostgresConnection?) {
      var dead: [PostgresConnection] = []
      condition.lock()
      lent -= 1
      if let connection, connection.isUsable, !isClosed {
        idle.append(connection)
      } else {
        dead = idle
        idle = []
      }
      condition.signal()
      condition.unlock()
      // Closed outside the lock: saying goodbye takes a moment.
      withExtendedLifetime(dead) {}
    }

    /// Closes what waits; nothing is lent any more.
    /// - Throws: ``StoreError/locked(path:)`` while calls are under way.
    func close() throws {
      condition.lock()
      defer { condition.unlock() }
      guard lent == 0 else { throw StoreError.locked(path: address.text) }
      isClosed = true
      idle = []
    }
  }
#endif
