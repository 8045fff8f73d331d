import TestSupport
import Testing

/// The flags of the memory for bodies and answers, as the built program takes them.
@Suite struct BodyMemoryFlagTests {
  @Test(arguments: [
    (["--max-body-memory", "0"], "--max-body-memory must be 1 to 1,048,576 megabytes."),
    (["--max-body-memory", "1048577"], "--max-body-memory must be 1 to 1,048,576 megabytes."),
    (
      ["--max-body-memory-per-address", "4"],
      "--max-body-memory-per-address must not be less than --max-prediction-body, 8388608 bytes."
    ),
    (
      ["--max-body-memory-per-user", "32", "--max-body", "33554433"],
      "--max-body-memory-per-user must not be less than --max-body, 33554433 bytes."
    ),
    (
      ["--max-answer-memory-per-address", "0"],
      "--max-answer-memory-per-address must be 1 to 1,048,576 megabytes."
    ),
    (["--body-window", "0"], "--body-window must be 0.01 to 86,400 seconds."),
  ])
  func boundsThatTakeNoBodyAreRefused(_ flags: [String], _ text: String) throws {
    let folder = try TemporaryFolder()
    let run = try ServerProcess.run(["--db", folder.file("crisp.sqlite"), "--port", "0"] + flags)
    #expect(run.status != 0)
    #expect(run.errors.contains(text), "\(run.errors)")
  }
}
