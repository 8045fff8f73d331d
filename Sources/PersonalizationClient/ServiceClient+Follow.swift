import Foundation
import FoundationNetworking
import ServiceAPI

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

  // MARK: The event stream

  private enum News {
    case opened
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
    to job: String, after position: String, tell: (News) -> Void
  ) async throws -> StreamEnd {
    var request = try request(["jobs", job, "events"])
    request.setValue("text/event-stream", forHTTPHeaderField: "Accept")
    if !position.isEmpty { request.setValue(position, forHTTPHeaderField: "Last-Event-ID") }
    var parser = EventStreamParser()
    var refusal: HTTPURLResponse?
    var refusalBody = Data()
    do {
      let parts = StreamedAnswer.parts(
        of: request, after: try self.request(["healthz"]), configuration: configuration)
      for try await part in parts {
        switch part {
        case .head(let response):
          let type = response.value(forHTTPHeaderField: "Content-Type") ?? ""
          if response.statusCode == 200 {
            guard type.lowercased().hasPrefix("text/event-stream") else { return .unsupported }
            tell(.opened)
          } else {
            // Whether there is such a job at all, polling will find out.
            if [404, 405, 406, 501].contains(response.statusCode) { return .unsupported }
            refusal = response
          }
        case .bytes(let bytes) where refusal != nil: refusalBody += bytes.prefix(64 * 1024)
        case .bytes(let bytes):
          guard let events = parser.append(bytes) else {
            throw ClientError.unexpectedAnswer(
              path: request.url?.path ?? "/", reason: "an event is too long")
          }
          for event in events where try take(event, tell: tell) { return .ended }
        }
      }
    } catch let error as URLError {
      // What was sent before the cut counts; `follow` knows how far it came.
      throw ClientError.unreachable(
        server: server.absoluteString, reason: error.localizedDescription)
    }
    guard let refusal else { return .cut(retry: .milliseconds(min(parser.retry ?? 1000, 60_000))) }
    guard refusal.statusCode == 429 || refusal.statusCode >= 500 else {
      throw Self.refused(refusal, refusalBody)
    }
    return .cut(retry: .seconds(Self.retryAfter(refusal) ?? 1))
  }

  /// Whether the event is the last one.
  private func take(_ event: EventStreamParser.Event, tell: (News) -> Void) throws -> Bool {
    let data = Data(event.data.utf8)
    do {
      switch event.type {
      case "log":
        tell(.log(try JSONDecoder().decode(JobEventResource.self, from: data), id: event.lastID))
      case "progress", "end":
        tell(.job(try JSONDecoder().decode(JobResource.self, from: data)))
      default: break
      }
    } catch {
      throw ClientError.unexpectedAnswer(path: "event '\(event.type)'", reason: "\(error)")
    }
    return event.type == "end"
  }
}
