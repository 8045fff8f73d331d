import Dispatch
import ModelFormats
import SparseRuntime
import Store
import Synchronization

/// Models ready to classify, kept while there is room.
///
/// A session runs one batch at a time, so each model has a pool: a request takes a session out, or
/// makes one, and puts it back. When models and sessions together exceed `memory`, the models that
/// were used longest ago go. What requests are using is never taken from them, so for the length
/// of a request the sum may be larger, by at most what those requests hold: the lane of predictions
/// bounds how many there are.
package final class SessionCache: Sendable {
  /// What is cached, and what happened so far.
  package struct Statistics: Sendable, Equatable {
    /// Models in memory.
    package let models: Int
    /// Sessions in memory that nobody uses.
    package let idleSessions: Int
    /// Bytes of models and sessions, those in use too.
    package let bytes: Int
    /// Models read so far.
    package let loads: Int
    /// Models dropped for room so far.
    package let evictions: Int

    /// Counts as given.
    package init(
      models: Int = 0, idleSessions: Int = 0, bytes: Int = 0, loads: Int = 0, evictions: Int = 0
    ) {
      self.models = models
      self.idleSessions = idleSessions
      self.bytes = bytes
      self.loads = loads
      self.evictions = evictions
    }
  }

  /// A model and the bytes that it takes.
  package struct Loaded: Sendable {
    let model: PackedModel
    let bytes: Int

    /// A model that was read.
    package init(_ model: PackedModel, bytes: Int) {
      self.model = model
      self.bytes = bytes
    }
  }

  private struct Entry {
    let load: ModelLoad
    var modelBytes = 0
    var idle: [PooledSession] = []
    /// Requests that hold the model or wait for it.
    var users = 0
    var lastUse: UInt64 = 0

    var bytes: Int { idle.reduce(modelBytes) { $0 + $1.bytes } }
  }

  private struct State {
    var entries: [ModelID: Entry] = [:]
    var bytes = 0
    var clock: UInt64 = 0
    var loads = 0
    var evictions = 0

    mutating func trim(to limit: Int) {
      while bytes > limit {
        let oldest = entries.filter { $0.value.users == 0 }
          .min { $0.value.lastUse < $1.value.lastUse }
        guard let oldest else { return }
        remove(oldest.key)
        evictions += 1
      }
    }

    mutating func remove(_ id: ModelID) {
      bytes -= entries.removeValue(forKey: id)?.bytes ?? 0
    }

    /// Whether the entry is still the one of that load: a model may be dropped while it is used.
    func holds(_ id: ModelID, _ load: ModelLoad) -> Bool { entries[id]?.load === load }
  }

  private let memory: Int
  private let patience: DispatchTimeInterval
  private let read: @Sendable (ModelID) throws -> Loaded
  private let state = Mutex(State())

  /// An empty cache.
  /// - Parameters:
  ///   - memory: bytes that models and idle sessions may take.
  ///   - patience: how long a request waits for another that reads its model.
  ///   - read: fetches a model.
  package init(
    memory: Int, patience: DispatchTimeInterval = .seconds(10),
    read: @escaping @Sendable (ModelID) throws -> Loaded
  ) {
    self.memory = memory
    self.patience = patience
    self.read = read
  }

  /// What is cached now.
  package var statistics: Statistics {
    state.withLock { state in
      Statistics(
        models: state.entries.values.count { $0.modelBytes > 0 },
        idleSessions: state.entries.values.reduce(0) { $0 + $1.idle.count }, bytes: state.bytes,
        loads: state.loads, evictions: state.evictions)
    }
  }

  /// Calls `body` with a session for single images, which is its alone until it returns, and the
  /// model. The first request for a model reads it, others wait for that.
  /// - Throws: ``ControlPlaneError/predictionsBusy`` when the model is not read in time,
  ///   ``ControlPlaneError/modelExceedsMemory(bytes:limit:)``, what reading throws, what `body` throws.
  package func run<Value>(
    _ id: ModelID, _ body: (Session, PackedModel) throws -> Value
  ) throws -> Value {
    let (load, isFirst) = claim(id)
    defer { release(id, load) }
    if isFirst { load.finish(Result { try read(id, load) }) }
    let loaded = try load.outcome(by: .now() + patience)
    let session = try checkOut(id, load, loaded)
    defer { checkIn(session, id, load) }
    return try body(session.session, loaded.model)
  }

  /// Forgets models, which then are gone as soon as no request uses them.
  package func drop(_ ids: [ModelID]) {
    state.withLock { state in
      for id in ids { state.remove(id) }
    }
  }

  // MARK: Models

  /// The entry's load, and whether the caller has to do it.
  private func claim(_ id: ModelID) -> (ModelLoad, isFirst: Bool) {
    state.withLock { state in
      state.clock += 1
      let isFirst = state.entries[id] == nil
      var entry = state.entries[id] ?? Entry(load: ModelLoad())
      entry.users += 1
      entry.lastUse = state.clock
      state.entries[id] = entry
      return (entry.load, isFirst)
    }
  }

  private func release(_ id: ModelID, _ load: ModelLoad) {
    state.withLock { state in
      if state.holds(id, load) { state.entries[id]?.users -= 1 }
      state.trim(to: memory)
    }
  }

  private func read(_ id: ModelID, _ load: ModelLoad) throws -> Loaded {
    do {
      let loaded = try read(id)
      try checkRoom(for: loaded.bytes)
      state.withLock { state in
        state.loads += 1
        guard state.holds(id, load) else { return }
        state.entries[id]?.modelBytes = loaded.bytes
        state.bytes += loaded.bytes
        state.trim(to: memory)
      }
      return loaded
    } catch {
      // The next request tries again.
      state.withLock { state in if state.holds(id, load) { state.remove(id) } }
      throw error
    }
  }

  private func checkRoom(for bytes: Int) throws(ControlPlaneError) {
    guard bytes <= memory else { throw .modelExceedsMemory(bytes: bytes, limit: memory) }
  }

  // MARK: Sessions

  private func checkOut(_ id: ModelID, _ load: ModelLoad, _ loaded: Loaded) throws
    -> PooledSession
  {
    let idle = state.withLock { state in
      state.holds(id, load) ? state.entries[id]?.idle.popLast() : nil
    }
    if let idle { return idle }
    let session = PooledSession(try Session(model: loaded.model, batchCapacity: 1))
    try checkRoom(for: loaded.bytes + session.bytes)
    state.withLock { state in
      state.bytes += session.bytes
      state.trim(to: memory)
    }
    return session
  }

  private func checkIn(_ session: PooledSession, _ id: ModelID, _ load: ModelLoad) {
    state.withLock { state in
      state.trim(to: memory)
      if state.bytes <= memory, state.holds(id, load) {
        state.entries[id]?.idle.append(session)
      } else {
        state.bytes -= session.bytes
      }
    }
  }
}

/// A session that changes hands. Unchecked: the pool gives it to one request at a time, and the
/// pool's lock orders what one did before what the next does.
private final class PooledSession: @unchecked Sendable {
  let session: Session
  let bytes: Int

  init(_ session: Session) {
    self.session = session
    bytes = session.memoryBytes
  }
}

/// A model that one request reads and others wait for.
private final class ModelLoad: Sendable {
  private let result = Mutex<Result<SessionCache.Loaded, any Error>?>(nil)
  private let done = DispatchGroup()

  init() { done.enter() }

  /// To be called once.
  func finish(_ result: Result<SessionCache.Loaded, any Error>) {
    self.result.withLock { $0 = result }
    done.leave()
  }

  func outcome(by deadline: DispatchTime) throws -> SessionCache.Loaded {
    guard done.wait(timeout: deadline) == .success, let result = result.withLock({ $0 }) else {
      throw ControlPlaneError.predictionsBusy
    }
    return try result.get()
  }
}
