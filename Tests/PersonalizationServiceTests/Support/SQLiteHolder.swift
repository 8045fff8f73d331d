import Foundation

/// Another program that keeps a database to itself: `sqlite3` of Python's library in an exclusive
/// transaction.
final class SQLiteHolder {
  private let process = Process()
  private let input = Pipe()

  init(_ database: String) throws {
    process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
    process.arguments = [
      "-c",
      """
      import sqlite3, sys
      connection = sqlite3.connect(sys.argv[1], isolation_level=None)
      connection.execute("PRAGMA locking_mode = EXCLUSIVE")
      connection.execute("BEGIN EXCLUSIVE")
      print("held", flush=True)
      sys.stdin.read()
      """, database,
    ]
    let output = Pipe()
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    guard !output.fileHandleForReading.availableData.isEmpty else {
      throw ServerProcess.Failure(description: "the database could not be held")
    }
  }

  func letGo() {
    try? input.fileHandleForWriting.close()
    process.waitUntilExit()
  }
}
