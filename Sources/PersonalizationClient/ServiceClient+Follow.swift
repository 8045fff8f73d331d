import Foundation
import HTTPTypes
import ServiceAPI
import Transfers

extension ServiceClient {
  /// How long a server may be away, since it was last heard of, before a job's follower gives up:
  /// one that restarts goes on with the job.
  static let patience: Duration = .seconds(60)

  /// Waits until the job has ended, reporting each state and each line of its log; throws unless it
  /// succeeded.
  ///
  /// States come as they change, from the server's event stream; after a cut it goes on where it
  /// was, so that each line is told once. A server without such streams is asked at intervals.
  public func follow(
    _ job: JobResource, every interval: Duration = .milliseconds(300),
    log: (JobEventResource) -> Void = { _ in }, report: (JobResource) -> Void
  ) async throws -> JobResource {
    var job = job
    report(job)
    var position = ""
    var pause = Duration.seconds(1)
    var lastHeard = ContinuousClock.now
    while !job.isFinished {
      do {
        let end = try await listen(to: job.id, after: position) { event in
          lastHeard = .now
          switch event {
          case .opened: break
          case .heartbeat:
            guard let now = await placed(job) else { break }
            job = now
            report(now)
          case .log(let line, let id):
            position = id
            log(line)
          case .job(let now):
            job = now
            report(now)
          }
        }
        switch end {
        case .ended: break
        case .cut(let retry): pause = retry
        case .unsupported:
          job = try await poll(job, every: interval, report: report)
        }
      } catch ClientError.unreachable(let server, let reason) {
        guard lastHeard.duration(to: .now) < Self.patience else {
          throw ClientError.unreachable(server: server, reason: reason)
        }
      }
      if !job.isFinished { try await Task.sleep(for: pause) }
    }
    guard job.status == "succeeded", job.resultModel != nil else {
      throw ClientError.jobEnded(id: job.id, status: job.status, failure: job.error)
    }
    return job
  }

  // MARK: Polling

  private func poll(
    _ job: JobResource, every interval: Duration, report: (JobResource) -> Void
  ) async throws -> JobResource {
    var job = job
    var lastHeard = ContinuousClock.now
    while !job.isFinished {
      try await Task.sleep(for: interval)
      do {
        job = try await self.job(job.id)
        lastHeard = .now
        report(job)
      } catch ClientError.unreachable(let server, let reason) {
        guard lastHeard.duration(to: .now) < Self.patience else {
          throw ClientError.unreachable(server: server, reason: reason)
        }
      }
    }
    return job
  }

  /// A queued job with its place, which changes without an event of its own; nil when it is queued no
  /// more, of which the stream tells, or when there is no answer.
  private func placed(_ job: JobResource) async -> JobResource? {
    guard job.status == "queued",
      let answer = try? await transfers.answer(to: request(["jobs", job.id])),
      answer.head.status == 200,
      let now = try? JSONDecoder().decode(JobResource.self, from: answer.body),
      now.status == "queued"
    else { return nil }
    return now
  }

  // MARK: The event stream

  private enum News {
    case opened
    /// Nothing has happened that is an event.
    case heartbeat
    case log(JobEventResource, id: String)
    case job(JobResource)
  }

  private enum StreamEnd {
    /// With the finished job.
    case ended
    /// Early; come back after this time.
    case cut(retry: Duration)
    case unsupported
  }

  private func listen(
    to job: String, after position: String, tell: (News) async -> Void
  ) async throws -> StreamEnd {
    var request = request(["jobs", job, "events"])
    request.headers[.accept] = "text/event-stream"
    if !position.isEmpty, let name = HTTPField.Name("Last-Event-ID") {
      request.headers[name] = position
    }
    var parser = EventStreamParser()
    var refusal: TransferHead?
    var refusalBody = Data()
    do {
      for try await part in StreamedAnswer.parts(of: request, by: transfers) {
        switch part {
        case .head(let response):
          let type = response.headers[.contentType] ?? ""
          if response.status == 200 {
            guard type.lowercased().hasPrefix("text/event-stream") else { return .unsupported }
            await tell(.opened)
          } else {
            // Whether there is such a job at all, polling will find out.
            if [404, 405, 406, 501].contains(response.status) { return .unsupported }
            refusal = response
          }
        case .bytes(let bytes) where refusal != nil: refusalBody += bytes.prefix(64 * 1024)
        case .bytes(let bytes):
          guard let events = parser.append(bytes) else {
            throw ClientError.unexpectedAnswer(
              path: "\(request)", reason: "an event is too long")
          }
          for event in events {
            if try await take(event, tell: tell) { return .ended }
          }
          if events.isEmpty { await tell(.heartbeat) }
        }
      }
    } catch let error as TransferError {
      // What was sent before the cut counts; `follow` knows how far it came.
      throw ClientError(error, server: server)
    }
    guard let refusal else { return .cut(retry: .milliseconds(min(parser.retry ?? 1000, 60_000))) }
    guard refusal.status == 429 || refusal.status >= 500 else {
      throw Self.refused(refusal, refusalBody)
    }
    return .cut(retry: .seconds(Self.retryAfter(refusal) ?? 1))
  }

  /// Whether the event is the last one.
  private func take(_ event: EventStreamParser.Event, tell: (News) async -> Void) async throws
    -> Bool
  {
    let data = Data(event.data.utf8)
    do {
      switch event.type {
      case "log":
        await tell(
          .log(try JSONDecoder().decode(JobEventResource.self, from: data), id: event.lastID))
      case "progress", "end":
        await tell(.job(try JSONDecoder().decode(JobResource.self, from: data)))
      default: break
      }
    } catch {
      throw ClientError.unexpectedAnswer(path: "event '\(event.type)'", reason: "\(error)")
    }
    return event.type == "end"
  }
}
