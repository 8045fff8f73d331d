import Foundation
import Store
import Testing

extension JobQueueConformance {
  static let reading: [ConformanceCase] = [
    ConformanceCase("lists are newest first, filtered and paged without gaps") { fixture in
      let store = fixture.store
      var ids: [JobID] = []
      for number in 0..<23 {
        ids.append(try fixture.submit(number % 3 == 0 ? "bob" : "ann", "job \(number)").job.id)
      }
      for index in [1, 6, 7] { _ = try store.requestCancel(ids[index]) }
      let bob = try UserID("bob")
      let cases: [(JobFilter, (Int) -> Bool)] = [
        (JobFilter(), { _ in true }),
        (JobFilter(user: bob), { $0 % 3 == 0 }),
        (JobFilter(status: .cancelled), { [1, 6, 7].contains($0) }),
        (JobFilter(user: bob, status: .cancelled), { $0 == 6 }),
        (JobFilter(user: bob, status: .queued), { $0 % 3 == 0 && $0 != 6 }),
        (JobFilter(user: try UserID("nobody")), { _ in false }),
      ]
      for (filter, holds) in cases {
        let expected = ids.indices.reversed().filter(holds).map { ids[$0] }
        for limit in [1, 2, 7, 8, 22, 23, 24, 1000] {
          var listed: [JobID] = []
          while true {
            let page = try store.jobs(filter, after: listed.last, limit: limit)
            listed += page.elements.map(\.id)
            #expect(page.hasMore == (listed.count < expected.count))
            if !page.hasMore { break }
            try #require(page.elements.count == limit)
          }
          #expect(listed == expected)
        }
      }
    },
    ConformanceCase("the backlog counts what is left and tells the oldest") { fixture in
      let store = fixture.store
      #expect(try store.backlog() == Backlog(queued: 0, running: 0, oldestAge: 0))
      let first = try fixture.submit("ann", "a").job.id
      fixture.clock.advance(7)
      let second = try fixture.submit("ann", "b").job.id
      let last = try fixture.submit("bob", "c").job.id
      fixture.clock.advance(1.5)
      #expect(
        try store.backlog() == Backlog(queued: 3, running: 0, oldestAge: 8.5, oldest: first))
      let job = try #require(try fixture.claim())
      #expect(
        try store.backlog() == Backlog(queued: 2, running: 1, oldestAge: 1.5, oldest: second))
      _ = try store.publish(job.id, attempt: job.attempt, model: fixture.newModel())
      _ = try store.requestCancel(last)
      #expect(
        try store.backlog() == Backlog(queued: 1, running: 0, oldestAge: 1.5, oldest: second))
      // A clock that was set back gives no negative age.
      fixture.clock.step(-100)
      #expect(try store.backlog().oldestAge == 0)
    },
    ConformanceCase("page limits are checked") { fixture in
      let id = try fixture.submit("ann", "bags").job.id
      for limit in [0, -1, 1001, Int.max, Int.min] {
        let refused = StoreError.invalidValue(field: "limit", reason: "must be 1 to 1000")
        #expect(throws: refused) { try fixture.store.jobs(JobFilter(), after: nil, limit: limit) }
        #expect(throws: refused) {
          try fixture.store.models(ModelFilter(), after: nil, limit: limit)
        }
        #expect(throws: refused) { try fixture.store.events(of: id, after: 0, limit: limit) }
      }
    },
    ConformanceCase("each job's events count from one") { fixture in
      let store = fixture.store
      let first = try fixture.submit("ann", "a").job.id
      let second = try fixture.submit("ann", "b").job.id
      for number in 1...5 {
        let event = NewEvent(
          level: number == 5 ? .error : .info, type: "job.progress",
          message: "line \(number)\nof text", data: Fixture.json(#"{"n":\#(number)}"#))
        let appended = try store.append(event, to: first)
        #expect(appended.sequence == Int64(number))
        #expect(appended.event == event && appended.createdAt == fixture.clock.now)
        fixture.clock.advance(1)
      }
      let other = try store.append(NewEvent(type: "x", message: ""), to: second)
      #expect(other.sequence == 1)
      #expect(try store.events(of: second, after: 0, limit: 5).elements == [other])

      let page = try store.events(of: first, after: 0, limit: 3)
      #expect(page.elements.map(\.sequence) == [1, 2, 3] && page.hasMore)
      let rest = try store.events(of: first, after: 3, limit: 3)
      #expect(rest.elements.map(\.sequence) == [4, 5] && !rest.hasMore)
      #expect(rest.elements.last?.event.level == .error)
      #expect(rest.elements.last?.event.data == Fixture.json(#"{"n":5}"#))
      #expect(try store.events(of: first, after: 5, limit: 3).elements.isEmpty)
      #expect(try store.events(of: first, after: .max, limit: 3).elements.isEmpty)
    },
    ConformanceCase("events are checked") { fixture in
      let id = try fixture.submit("ann", "a").job.id
      for event in [
        NewEvent(type: "", message: "m"), NewEvent(type: "a\nb", message: "m"),
        NewEvent(type: "a", message: "\u{0}"),
        NewEvent(type: "a", message: "m", data: Fixture.json("{")),
      ] {
        let error = #expect(throws: StoreError.self) { try fixture.store.append(event, to: id) }
        #expect(error?.code == "invalid_value")
      }
      #expect(try fixture.store.events(of: id, after: 0, limit: 5).elements.isEmpty)
    },
  ]
}
