import Digests
import Foundation

extension ObjectStore {
  /// What a store was found to do.
  public struct Ability: Hashable, Sendable {
    /// Whether `If-None-Match: *` keeps an object that is there. Without it, objects of the same content
    /// may be stored twice, which changes nothing.
    public let conditionalWrites: Bool
  }

  /// Tries everything that is needed of the store, with an object of its own that it removes: lists,
  /// stores, stores again on a condition, reads a part, removes. Objects are stored without conditions
  /// from then on, where the store does not honour them.
  /// - Throws: ``ObjectStoreError``: what is wrong, and with which address.
  @discardableResult
  public func probe() throws -> Ability {
    _ = try list("probe-")
    // Nobody else's.
    let name = (0..<4).map { _ in UInt32.random(in: 0...UInt32.max) }
      .map { String($0, radix: 16) }.joined()
    let key = "probe-\(name)"
    sendsConditions.store(true, ordering: .relaxed)
    var isGone = false
    defer { if !isGone { try? delete(key) } }
    try put(key, ObjectContent(Data("first".utf8)))
    let again = try put(key, ObjectContent(Data("other".utf8)))
    let isKept = try get(key) == Data("first".utf8)
    let conditionalWrites = again == .alreadyThere && isKept
    sendsConditions.store(conditionalWrites, ordering: .relaxed)
    var part = Data()
    try read(key, 1..<4) { part.append(contentsOf: $0) }
    guard part == Data((isKept ? "irs" : "the").utf8) else {
      throw unexpected("a part of an object is another part")
    }
    try delete(key)
    isGone = true
    guard try head(key) == nil else { throw unexpected("a deleted object is still there") }
    return Ability(conditionalWrites: conditionalWrites)
  }

  /// Asks the store once for something small.
  /// - Throws: ``ObjectStoreError``.
  func require() throws(ObjectStoreError) {
    _ = try perform(
      Call(
        method: .get,
        query: [
          (name: "list-type", value: "2"), (name: "max-keys", value: "1"),
          (name: "prefix", value: address.prefix),
        ], action: .list), attempts: 1)
  }

  private static let ownerKey = "database"

  /// Whether the place is a database's own; one that is nobody's yet is not.
  /// - Parameter owner: A name that no other database has.
  /// - Throws: ``ObjectStoreError/placeTaken(store:)`` for another's.
  public func isClaimed(for owner: String) throws -> Bool {
    do {
      guard try get(Self.ownerKey) == Data(owner.utf8) else {
        throw ObjectStoreError.placeTaken(store: "\(address)")
      }
      return true
    } catch ObjectStoreError.objectMissing {
      return false
    }
  }

  /// Makes the place a database's own, unless it is another's: who has a place removes from it what it does
  /// not know. Of two that come at once one is too late, where the store knows conditional writes; without
  /// them both may believe that they have it, and ``requireOwner()`` finds out which one has.
  /// - Parameter owner: A name that no other database has.
  /// - Throws: ``ObjectStoreError/placeTaken(store:)``.
  public func claim(for owner: String) throws {
    if try !isClaimed(for: owner) {
      try put(Self.ownerKey, ObjectContent(Data(owner.utf8)))
      guard try isClaimed(for: owner) else {
        throw unexpected("an object that was stored is not there")
      }
    }
    self.owner.withLock { $0 = owner }
  }

  /// Looks again whether the place is the database's that claimed it here.
  /// - Throws: ``ObjectStoreError/placeTaken(store:)`` when it is another's, or nobody's.
  public func requireOwner() throws {
    guard let owner = owner.withLock({ $0 }) else { return }
    guard try isClaimed(for: owner) else {
      throw ObjectStoreError.placeTaken(store: "\(address)")
    }
  }
}
