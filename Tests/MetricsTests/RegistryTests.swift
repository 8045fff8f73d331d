import Dispatch
import Metrics
import Testing

@Suite struct RegistryTests {
  private func lines(_ registry: MetricsRegistry) -> [String] {
    registry.text.split(separator: "\n").map(String.init).filter { !$0.hasPrefix("#") }
  }

  @Test func countersRiseOnly() {
    let registry = MetricsRegistry()
    let counter = registry.counter("c_total", "h", labels: ["a", "b"])
    #expect(lines(registry).isEmpty)
    counter.add(1, "x", "y")
    counter.add(2.5, "x", "y")
    counter.add(-7, "x", "y")
    counter.add(.nan, "x", "y")
    counter.add(1, "w", "z")
    #expect(lines(registry) == [#"c_total{a="w",b="z"} 1"#, #"c_total{a="x",b="y"} 3.5"#])
  }

  @Test func aCounterWithoutLabelsShowsZero() {
    let registry = MetricsRegistry()
    _ = registry.counter("c_total", "h")
    #expect(lines(registry) == ["c_total 0"])
  }

  @Test func histogramsCountUp() {
    let registry = MetricsRegistry()
    let histogram = registry.histogram("h_seconds", "h", labels: ["r"], bounds: [1, 0.5])
    for value in [0.5, 0.6, 1, 7, .nan] { histogram.observe(value, "x") }
    #expect(
      lines(registry) == [
        #"h_seconds_bucket{r="x",le="0.5"} 1"#, #"h_seconds_bucket{r="x",le="1"} 3"#,
        #"h_seconds_bucket{r="x",le="+Inf"} 4"#, #"h_seconds_sum{r="x"} 9.1"#,
        #"h_seconds_count{r="x"} 4"#,
      ])
  }

  @Test func seriesBeyondTheLimitShareOne() {
    let registry = MetricsRegistry()
    let counter = registry.counter("c_total", "h", labels: ["a", "b"], limit: 2)
    for value in ["1", "2", "3", "4", "1"] { counter.add(1, value, "x") }
    #expect(
      lines(registry) == [
        #"c_total{a="1",b="x"} 2"#, #"c_total{a="2",b="x"} 1"#, #"c_total{a="other",b="other"} 2"#,
      ])
  }

  @Test func sourcesAreAskedAtEveryScrape() {
    let registry = MetricsRegistry()
    let counter = registry.counter("c_total", "h")
    // A source may itself count.
    registry.collect {
      counter.add()
      return [.value("g", "h", 4)]
    }
    #expect(lines(registry) == ["c_total 0", "g 4"])
    #expect(lines(registry) == ["c_total 1", "g 4"])
  }

  @Test func nothingIsLostBetweenThreads() {
    let registry = MetricsRegistry()
    let counter = registry.counter("c_total", "h", labels: ["thread"])
    let histogram = registry.histogram("h", "h", bounds: [1])
    DispatchQueue.concurrentPerform(iterations: 8) { thread in
      for _ in 0..<1000 {
        counter.add(1, "\(thread % 2)")
        histogram.observe(2)
      }
    }
    #expect(
      lines(registry) == [
        #"c_total{thread="0"} 4000"#, #"c_total{thread="1"} 4000"#, #"h_bucket{le="1"} 0"#,
        #"h_bucket{le="+Inf"} 8000"#, "h_sum 16000", "h_count 8000",
      ])
  }

  @Test func theProcessIsMeasured() throws {
    let families = ProcessMetrics.families
    func value(_ name: String) throws -> Double {
      try #require(families.first { $0.name == name }?.samples.first?.value, "\(name)")
    }
    #expect(try value("process_resident_memory_bytes") > 1_048_576)
    #expect(
      try value("process_virtual_memory_bytes") > value("process_resident_memory_bytes"))
    #expect(try value("process_cpu_seconds_total") > 0)
    #expect(try value("process_threads") > 0.5)
    #expect(try value("process_open_fds") >= 3)
    #expect(try value("process_max_fds") >= value("process_open_fds"))
    // Since this code was written, and not in the future.
    #expect(try value("process_start_time_seconds") > 1_760_000_000)
  }
}
