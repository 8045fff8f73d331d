import Metrics
import Testing

@Suite struct ExpositionTests {
  @Test func helpTypeAndSamples() {
    let family = MetricFamily(
      "jobs_total", "Jobs so far.", kind: .counter,
      samples: [
        .init(labels: [.init("outcome", "failed"), .init("model", "a")], value: 2),
        .init(value: 0.5),
      ])
    #expect(
      Exposition.text([family]) == """
        # HELP jobs_total Jobs so far.
        # TYPE jobs_total counter
        jobs_total{outcome="failed",model="a"} 2
        jobs_total 0.5

        """)
  }

  @Test(arguments: [
    ("plain", "plain"), ("a\"b", "a\\\"b"), ("a\\b", "a\\\\b"), ("a\nb", "a\\nb"),
    ("a\r\nb", "a\r\\nb"), ("\\n", "\\\\n"), ("café 🩴", "café 🩴"), ("a,b}={", "a,b}={"), ("", ""),
  ])
  func labelValuesAreEscaped(value: String, written: String) {
    let family = MetricFamily(
      "m", "", kind: .gauge, samples: [.init(labels: [.init("l", value)], value: 1)])
    let text = Exposition.text([family])
    // Scalar by scalar: Swift's `contains` would take CR LF for one character.
    #expect(
      Array(text.unicodeScalars)
        == Array("# HELP m \n# TYPE m gauge\nm{l=\"\(written)\"} 1\n".unicodeScalars))
  }

  @Test func helpKeepsItsQuotes() {
    let text = Exposition.text([.value("m", "a \"b\"\\\nc", 1)])
    #expect(text.hasPrefix("# HELP m a \"b\"\\\\\\nc\n"))
  }

  @Test(arguments: [
    (0, "0"), (-3, "-3"), (1.5, "1.5"), (1e-9, "1e-09"),
    (9_007_199_254_740_991, "9007199254740991"),
    (1e300, "1e+300"), (.infinity, "+Inf"), (-.infinity, "-Inf"), (.nan, "NaN"),
  ])
  func numbers(value: Double, written: String) {
    #expect(Exposition.text([.value("m", "h", value)]).hasSuffix("\nm \(written)\n"))
  }

  @Test func aNameIsWrittenOnce() {
    let text = Exposition.text([.value("m", "h", 1), .value("n", "h", 2), .value("m", "h", 3)])
    #expect(text.split(separator: "\n").filter { $0.hasPrefix("m ") } == ["m 1"])
    #expect(text.contains("n 2"))
  }
}
