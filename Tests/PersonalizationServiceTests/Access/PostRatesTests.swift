import ControlPlane
import Testing

@Suite struct PostRatesTests {
  private let start = ContinuousClock.now

  @Test func aMinutesRequestsAtOnceThenOneByOne() {
    let rates = PostRates(limit: 30)
    for _ in 0..<30 { #expect(rates.wait(for: "ann", at: start) == nil) }
    #expect(rates.wait(for: "ann", at: start) == 2)
    #expect(rates.wait(for: "bob", at: start) == nil)
    #expect(rates.wait(for: "ann", at: start + .seconds(1)) == 1)
    #expect(rates.wait(for: "ann", at: start + .seconds(2)) == nil)
    #expect(rates.wait(for: "ann", at: start + .seconds(2)) == 2)
    // No more than a minute's are saved up.
    let later = start + .seconds(86_400)
    for _ in 0..<30 { #expect(rates.wait(for: "ann", at: later) == nil) }
    #expect(rates.wait(for: "ann", at: later) != nil)
  }

  @Test func aNameWithAShareHasManyTimesTheLimit() {
    let rates = PostRates(limit: 2)
    for _ in 0..<20 { #expect(rates.wait(for: "proxy", share: 10, at: start) == nil) }
    #expect(rates.wait(for: "proxy", share: 10, at: start) == 3)
  }

  @Test func whateverNamesComeMemoryIsBounded() {
    let rates = PostRates(limit: 1, capacity: 100)
    for number in 0..<100 { _ = rates.wait(for: "user \(number)", at: start) }
    #expect(rates.count == 100)
    // Those of a minute ago are full again, and as good as none.
    for number in 0..<50 {
      _ = rates.wait(for: "late \(number)", at: start + .seconds(61))
    }
    #expect(rates.count == 50)
    #expect(rates.wait(for: "late 3", at: start + .seconds(61)) != nil)
    for number in 0..<1000 { _ = rates.wait(for: "flood \(number)", at: start + .seconds(62)) }
    #expect(rates.count <= 100)
  }
}
