import Foundation
import Logging
import PersonalizationService
import ServiceAPI
import Synchronization
import Testing

/// What becomes of the log when nobody reads it.
@Suite struct LineWriterTests {
  private func smallPipe() throws -> Pipe {
    LineWriter.ignoreBrokenPipes()
    return try Pipe.ofOnePage()
  }

  /// Reads lines until `isEnough`.
  private func lines(_ pipe: Pipe, until isEnough: ([String]) -> Bool) -> [String] {
    var text = ""
    var lines: [String] = []
    while !isEnough(lines) {
      let data = pipe.fileHandleForReading.availableData
      guard !data.isEmpty else { break }
      text += String(decoding: data, as: UTF8.self)
      lines = text.split(separator: "\n").map(String.init)
      if !text.hasSuffix("\n") { lines.removeLast() }
    }
    return lines
  }

  @Test func linesArriveWholeAndInOrder() throws {
    let pipe = try smallPipe()
    let writer = LineWriter(descriptor: pipe.fileHandleForWriting.fileDescriptor) { "\($0) lost\n" }
    let sent = (0..<2000).map { "line \($0) \(String(repeating: "x", count: $0 % 200))" }
    for line in sent { writer.write(line + "\n") }
    #expect(lines(pipe) { $0.count == sent.count } == sent)
    writer.flush(within: 30)
    #expect(writer.dropped == 0)
  }

  @Test func aReaderThatStallsHoldsUpNobodyAndIsToldWhatItMissed() throws {
    let pipe = try smallPipe()
    let writer = LineWriter(
      descriptor: pipe.fileHandleForWriting.fileDescriptor, capacity: 1000
    ) { "lost \($0)\n" }
    let count = 10_000
    // Returns although nobody reads.
    for number in 0..<count { writer.write("line number \(number)\n") }
    writer.flush(within: 0)
    let dropped = writer.dropped
    #expect(dropped > 0)
    var told = 0
    let read = lines(pipe) { lines in
      let notices = lines.filter { $0.hasPrefix("lost ") }
      told = notices.compactMap { Int($0.dropFirst(5)) }.reduce(0, +)
      return lines.count - notices.count + told == count
    }
    #expect(told == dropped)
    let numbers = read.filter { !$0.hasPrefix("lost ") }.compactMap { Int($0.dropFirst(12)) }
    #expect(numbers == numbers.sorted())
    #expect(numbers.count == count - dropped)
    // It goes on where it was.
    writer.write("after\n")
    #expect(lines(pipe) { !$0.isEmpty } == ["after"])
  }

  @Test func aReaderThatWentAwayEndsNothing() throws {
    let pipe = try smallPipe()
    let writer = LineWriter(descriptor: pipe.fileHandleForWriting.fileDescriptor) { "\($0) lost\n" }
    try pipe.fileHandleForReading.close()
    writer.write("one\n")
    writer.flush(within: 30)
    writer.write("two\n")
    writer.flush(within: 30)
    #expect(writer.dropped == 2)
  }

  @Test func aDescriptorThatDoesNotWaitIsWaitedFor() throws {
    let pipe = try smallPipe()
    let descriptor = pipe.fileHandleForWriting.fileDescriptor
    try #require(fcntl(descriptor, F_SETFL, O_WRONLY | O_NONBLOCK) == 0)
    let writer = LineWriter(descriptor: descriptor) { "\($0) lost\n" }
    let sent = (0..<1000).map { "line \($0)" }
    for line in sent { writer.write(line + "\n") }
    #expect(lines(pipe) { $0.count == sent.count } == sent)
    #expect(writer.dropped == 0)
  }

  @Test(arguments: LineLogHandler.Format.allCases)
  func theNoticeIsALineLikeOthers(format: LineLogHandler.Format) throws {
    let pipe = try smallPipe()
    let writer = LineLogHandler.writer(
      to: pipe.fileHandleForWriting.fileDescriptor, format: format)
    // Too long for any queue, and so dropped.
    writer.write(String(repeating: "x", count: LineWriter.defaultCapacity + 1))
    writer.write("next\n")
    let read = lines(pipe) { $0.count == 2 }
    #expect(read.first == "next")
    let notice = try #require(read.last)
    #expect(notice.contains("1 log lines were dropped"), "\(notice)")
    if format == .json {
      let object = try JSONDecoder().decode(JSONValue.self, from: Data(notice.utf8))
      #expect(object["lines"] == 1)
      #expect(object["level"] == "warning")
    }
  }
}
