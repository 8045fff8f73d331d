import Digests
import Foundation
import SQLiteStore
import Store
import TestSupport
import Testing

/// Many threads and two stores on one file, as with a second process.
@Suite struct SQLiteStoreConcurrencyTests {
  let folder: TemporaryFolder
  let fixture: Fixture
  let stores: [SQLiteStore]

  init() throws {
    folder = try TemporaryFolder()
    let clock = TestClock()
    let path = folder.file("crisp.sqlite")
    stores = try (0..<2).map { _ in try SQLiteStore(path: path, clock: clock.store) }
    fixture = try Fixture(store: stores[0], clock: clock, lifetime: folder)
  }

  @Test func eachJobIsHandedOutOnce() throws {
    let submitted = try (0..<60).map { try fixture.submit("ann", "job \($0)").job.id }
    let claimed = Collector<JobID>()
    let errors = Collector<String>()
    let stores = stores
    DispatchQueue.concurrentPerform(iterations: 12) { worker in
      do {
        while let job = try stores[worker % 2].claim(worker: "w\(worker)", lease: 60) {
          claimed.append(job.id)
        }
      } catch {
        errors.append("\(error)")
      }
    }
    #expect(errors.values == [])
    #expect(claimed.values.count == submitted.count)
    #expect(Set(claimed.values) == Set(submitted))
  }

  @Test func oneJobForManyWhoAskTheSame() throws {
    let outcomes = Collector<SubmissionOutcome>()
    let (stores, fixture) = (stores, fixture)
    DispatchQueue.concurrentPerform(iterations: 20) { number in
      if let submission = try? fixture.submission("user \(number)", "bags"),
        let outcome = try? stores[number % 2].submit(submission)
      {
        outcomes.append(outcome)
      }
    }
    #expect(outcomes.values.count == 20)
    #expect(Set(outcomes.values.map(\.job.id)).count == 1)
    let created = outcomes.values.filter { if case .created = $0 { true } else { false } }
    #expect(created.count == 1)
    let job = try #require(outcomes.values.first?.job.id)
    #expect(try stores[1].requesters(of: job).count == 20)
  }

  @Test func onePublicationOfMany() throws {
    try fixture.submit("ann", "bags")
    let job = try #require(try fixture.claim())
    let model = try fixture.newModel()
    let published = Collector<ModelID>()
    let lost = Collector<StoreError>()
    let stores = stores
    DispatchQueue.concurrentPerform(iterations: 8) { number in
      do {
        published.append(
          try stores[number % 2].publish(job.id, attempt: job.attempt, model: model).id)
      } catch let error as StoreError {
        lost.append(error)
      } catch {}
    }
    #expect(published.values.count == 1)
    #expect(lost.values == Array(repeating: .leaseLost(job.id, attempt: 1), count: 7))
    #expect(try stores[1].job(job.id).resultModel == published.values.first)
  }

  @Test func eventNumbersHaveNoGaps() throws {
    let job = try fixture.submit("ann", "bags").job.id
    let numbers = Collector<Int64>()
    let stores = stores
    DispatchQueue.concurrentPerform(iterations: 40) { number in
      let event = NewEvent(type: "tick", message: "\(number)")
      if let appended = try? stores[number % 2].append(event, to: job) {
        numbers.append(appended.sequence)
      }
    }
    #expect(numbers.values.sorted() == Array(1...40))
  }

  @Test func equalUploadsAtOnceAreOneBlob() throws {
    let data = BlobStoreConformance.bytes((1 << 20) + 9)
    let stores = stores
    let before = try stores[0].statistics().blobs
    let blobs = Collector<BlobRecord>()
    DispatchQueue.concurrentPerform(iterations: 6) { number in
      if let blob = try? stores[number % 2].put(data) { blobs.append(blob) }
    }
    #expect(blobs.values.count == 6 && Set(blobs.values).count == 1)
    #expect(try stores[1].statistics().blobs == before + 1)
    #expect(try stores[1].check(SHA256.digest(of: data)))
  }

  @Test func readersDoNotWaitForAnUpload() throws {
    let data = BlobStoreConformance.bytes(3 << 20)
    let store = stores[0]
    var pieces = 3
    // Between two pieces of an upload everything else goes on.
    _ = try store.put {
      guard pieces > 0 else { return nil }
      pieces -= 1
      try fixture.submit("ann", "job \(pieces)")
      #expect(try store.check(store.baseModel("resnet").record.blob))
      return data
    }
    #expect(try store.statistics().jobs[.queued] == 3)
  }
}
