import Foundation
import HTTPServer
import ServiceAPI
import Store

// One job and one model answer all users who ask the same. None of them learns who else asked, when,
// how urgently or with which notes: a user's times begin when that user asked. That somebody asked
// before cannot be hidden, since the work is done already.
extension API {
  /// What the caller asked for, where a user asks: a job's times are not shown from before that. For
  /// a user who waits for it no longer that is now.
  func asked(_ id: JobID, by caller: Caller) throws -> RequesterRecord? {
    guard case .user(let user) = caller else { return nil }
    return try store.requester(user, of: id) ?? RequesterRecord(addedAt: Date(), priority: nil)
  }

  /// A job as the caller may see it.
  package func resource(_ job: JobRecord, for caller: Caller) throws -> JobResource {
    Self.resource(job, for: caller, asked: try asked(job.id, by: caller))
  }

  /// A model as the caller may see it: made no earlier than the user got it.
  package func shown(_ model: ModelRecord, to caller: Caller) throws -> ModelRecord {
    guard case .user(let user) = caller else { return model }
    var model = model
    model.createdAt = max(model.createdAt, try store.modelAdded(model.id, to: user) ?? Date())
    return model
  }

  /// The model in the path, as the caller may see it.
  func model(_ parameters: PathParameters, for caller: Caller) throws -> ModelRecord {
    try shown(model(parameters), to: caller)
  }
}

extension EventRecord {
  /// An event as somebody may see it who asked for its job at that time, or nil for all of it.
  func shown(notBefore time: Date?) -> EventRecord {
    guard let time, createdAt < time else { return self }
    var shown = self
    shown.createdAt = time
    return shown
  }
}
