import Foundation
import HTTPTypes
import Transfers

/// What is known of an object without reading it.
public struct ObjectSummary: Hashable, Sendable {
  /// Bytes.
  public let size: Int64
  /// The store's mark of this state of the object.
  public let tag: String?
}

extension ObjectStore {
  /// Size and tag; nil when there is no object of that key.
  /// - Throws: ``ObjectStoreError``.
  public func head(_ key: String) throws(ObjectStoreError) -> ObjectSummary? {
    let response = try perform(
      Call(method: .head, key: key, action: .read), accepting: [200, 404])
    guard response.head.status == 200 else { return nil }
    guard let size = response.head.headers[.contentLength].flatMap({ Int64($0) }), size >= 0 else {
      throw unexpected("an object without a length")
    }
    return ObjectSummary(size: size, tag: response.head.headers[.eTag])
  }

  /// A small object, in memory.
  /// - Throws: ``ObjectStoreError``; ``ObjectStoreError/unreachable(store:_:)`` beyond 8 MiB.
  public func get(
    _ key: String, cancellation: TransferCancellation? = nil
  ) throws(ObjectStoreError) -> Data {
    try perform(
      Call(method: .get, key: key, action: .read), accepting: [200], cancellation: cancellation
    ).body
  }

  /// Hands the bytes of `range` to `consume` in order, in pieces of up to 256 KiB: constant memory for
  /// any length. Where the connection breaks, reading goes on from there.
  /// - Throws: ``ObjectStoreError``, what `consume` throws.
  public func read(
    _ key: String, _ range: Range<Int64>, cancellation: TransferCancellation? = nil,
    into consume: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    var reading = Reading(position: range.lowerBound)
    while reading.position < range.upperBound {
      let before = reading.position
      guard let pause = try readOn(key, range, &reading, cancellation, consume) else { return }
      // Slow progress is progress, but not without end: a MiB gives another chance.
      reading.failures = reading.position - before >= 1 << 20 ? 1 : reading.failures + 1
      guard reading.failures < options.retry.attempts, cancellation?.isCancelled != true else {
        throw noted(pause.error)
      }
      options.retry.wait(options.retry.pause(after: reading.failures, asked: pause.asked))
    }
  }

  /// Reads once.
  /// - Returns: nil at the end of the range, or what may pass.
  private func readOn(
    _ key: String, _ range: Range<Int64>, _ reading: inout Reading,
    _ cancellation: TransferCancellation?, _ consume: (UnsafeRawBufferPointer) throws -> Void
  ) throws -> (error: ObjectStoreError, asked: TimeInterval?)? {
    let start = reading.position
    let call = Call(
      method: .get, key: key, headers: ["range": "bytes=\(start)-\(range.upperBound - 1)"],
      action: .read)
    do {
      let (head, document) = try stream(call, cancellation: cancellation) { head, piece in
        try check(head, key, at: start, &reading)
        guard Int64(piece.count) <= range.upperBound - reading.position else {
          throw Consumed(error: unexpected("more bytes than the range has"))
        }
        do { try consume(piece) } catch { throw Consumed(error: error) }
        reading.position += Int64(piece.count)
      }
      if head.status == 206 {
        guard reading.position == range.upperBound else {
          throw ObjectStoreError.rangeOutOfBounds(store: "\(address)", key: key)
        }
        isUsable.store(true, ordering: .relaxed)
        return nil
      }
      guard head.status != 200 else { throw unexpected("it knows no ranges") }
      let error = refusal(head, document, of: call)
      guard Self.isPassing(head, document) else { throw noted(error) }
      return (error, head.headers[.retryAfter].flatMap { TimeInterval($0) })
    } catch let consumed as Consumed {
      throw consumed.error
    } catch let failure as TransferError {
      let error = ObjectStoreError.unreachable(store: "\(address)", failure)
      guard failure.isPassing else { throw noted(error) }
      return (error, nil)
    }
  }

  /// An error that ends reading for good.
  private struct Consumed: Error {
    let error: any Error
  }

  private struct Reading {
    var position: Int64
    var tag: String?
    var failures = 0
  }

  /// That an answer continues where the last one ended, in the same object.
  private func check(
    _ head: TransferHead, _ key: String, at position: Int64, _ reading: inout Reading
  ) throws {
    guard reading.position == position else { return }
    guard let field = head.headers[.contentRange], field.hasPrefix("bytes \(position)-") else {
      throw Consumed(error: unexpected("another range than was asked for"))
    }
    let tag = head.headers[.eTag]
    guard reading.tag == nil || reading.tag == tag else {
      throw Consumed(error: ObjectStoreError.objectDamaged(store: "\(address)", key: key))
    }
    reading.tag = tag
  }
}
