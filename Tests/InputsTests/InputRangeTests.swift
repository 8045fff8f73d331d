import Inputs
import Testing

@Suite struct InputRangeTests {
  @Test func boundsBelongOrNot() {
    let closed = InputRange(0.0...1)
    #expect(closed.contains(0) && closed.contains(1) && closed.contains(-0.0))
    #expect(!closed.contains(1.0.nextUp) && !closed.contains(-.leastNonzeroMagnitude))
    let open = InputRange(0.0..<1)
    #expect(open.contains(0) && open.contains(1.0.nextDown) && !open.contains(1))
    let positive = InputRange(above: 0.0, through: 1)
    #expect(
      !positive.contains(0) && positive.contains(.leastNonzeroMagnitude) && positive.contains(1))
    for range in [closed, open, positive] {
      #expect(!range.contains(.nan) && !range.contains(.infinity) && !range.contains(-.infinity))
    }
    #expect(!InputRange(1...10).contains(.max) && !InputRange(1...10).contains(.min))
  }

  @Test func requirementsAreSentences() {
    #expect(InputRange(1...1_000_000).requirement("bytes") == "must be 1 to 1,000,000 bytes")
    #expect(InputRange(0.01...86_400).requirement("seconds") == "must be 0.01 to 86,400 seconds")
    #expect(InputRange(0.0..<1).requirement() == "must be at least 0 and less than 1")
    #expect(
      InputRange(above: 0.0, through: 1e9).requirement()
        == "must be more than 0 and at most 1,000,000,000")
    #expect(InputRange(-20_000...100).requirement() == "must be -20,000 to 100")
    #expect(InputRange(1e-9...10).requirement() == "must be 0.000000001 to 10")
  }

  @Test func doublesAreClamped() {
    #expect(Int(clamped: .nan) == 0)
    #expect(Int(clamped: .infinity) == .max && Int(clamped: -.infinity) == .min)
    #expect(Int(clamped: 0x1p63) == .max && Int(clamped: -0x1p63) == .min)
    #expect(Int(clamped: 1e300) == .max && Int(clamped: -1e300) == .min)
    #expect(Int(clamped: 2.5) == 3 && Int(clamped: -0.4) == 0)
  }

  @Test func echoesEndBetweenCharacters() {
    #expect("abc".echoed(3) == "abc")
    #expect("abcd".echoed(3) == "…")
    for text in ["x", "é", "€", "🤖"] {
      let long = String(repeating: text, count: 1000)
      for longest in 3...20 {
        let echo = long.echoed(longest)
        #expect(echo.utf8.count <= longest)
        #expect(echo.utf8.count > longest - text.utf8.count)
        #expect(echo.hasSuffix("…") && long.hasPrefix(echo.dropLast()))
      }
    }
    #expect(String(repeating: "x", count: 1 << 20).echoed().utf8.count == 256)
  }
}
