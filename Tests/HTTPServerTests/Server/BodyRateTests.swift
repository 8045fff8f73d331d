import HTTPServer
import Testing

@Suite struct BodyRateTests {
  /// A body whose rate is looked at.
  private final class Body {
    private var rate: BodyRate

    init(at second: UInt64) { rate = BodyRate(now: second * 1_000_000_000) }

    func isTooSlow(_ count: Int, at second: UInt64) -> Bool {
      var limits = Limits()
      limits.bodyMinimumRate = 1024
      limits.bodyWindow = .seconds(10)
      return rate.isTooLow(count: count, now: second * 1_000_000_000, limits: limits)
    }
  }

  /// 8 MiB in the first second would be 1024 bytes a second for two hours.
  @Test func whatCameEarlierBuysNoSilence() {
    let body = Body(at: 0)
    #expect(!body.isTooSlow(8 << 20, at: 11))
    #expect(!body.isTooSlow(8 << 20, at: 20))
    #expect(body.isTooSlow(8 << 20, at: 22))
  }

  @Test func eachWindowNeedsItsBytes() {
    let body = Body(at: 5)
    var (count, now) = (0, UInt64(5))
    for _ in 0..<100 {
      count += 12 * 1024
      now += 11
      #expect(!body.isTooSlow(count, at: now))
    }
    #expect(body.isTooSlow(count + 10 * 1024, at: now + 11))
  }

  @Test func aWindowThatIsNotOverSaysNothing() {
    let body = Body(at: 100)
    #expect(!body.isTooSlow(0, at: 110))
    #expect(!body.isTooSlow(0, at: 0), "nor does a clock that goes back")
    #expect(body.isTooSlow(0, at: 111))
  }
}
