import Foundation
import Synchronization

/// The built program as a process of its own.
final class ServerProcess {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// The server ended before it listened.
  struct EndedEarly: Error, CustomStringConvertible {
    let reason: Process.TerminationReason
    let status: Int32
    let output: String

    var description: String { "ended before it listened: \(status) \(output)" }
  }

  let client: HTTPClient
  private let process: Process
  private let ended: DispatchSemaphore

  var jobs: JobFollower { JobFollower(client) }

  /// The program, which the build puts beside the tests.
  static func executable() throws -> URL {
    let test = Bundle.main.executableURL ?? URL(fileURLWithPath: CommandLine.arguments[0])
    var folder = test.resolvingSymlinksInPath().deletingLastPathComponent()
    while folder.path != "/" {
      let program = folder.appendingPathComponent("crisp-server")
      var isFolder: ObjCBool = false
      if FileManager.default.fileExists(atPath: program.path, isDirectory: &isFolder),
        !isFolder.boolValue
      {
        return program
      }
      folder.deleteLastPathComponent()
    }
    throw Failure(description: "crisp-server is not built beside \(test.path)")
  }

  var processIdentifier: Int32 { process.processIdentifier }

  /// Starts a server and waits until it listens.
  /// - Parameters:
  ///   - program: A copy of the program; nil takes the one that was built.
  ///   - wrapper: A program and arguments to run the server with; it must become the server.
  ///   - errors: Where its log goes; nil leaves it with the tests' own.
  init(
    database: String, program: String? = nil, arguments: [String] = [], wrapper: [String] = [],
    errors: Pipe? = nil
  ) throws {
    process = Process()
    let command =
      try wrapper + [program ?? Self.executable().path] + [
        "--db", database, "--port", "0", "--lease", "5", "--threads-per-worker", "1",
        // Tests ask faster than people.
        "--posts-per-minute", "1000000",
        // The speed that idle workers measure may be that of a machine busy with other things.
        "--max-job-seconds", "10000000",
      ] + arguments
    process.executableURL = URL(fileURLWithPath: command[0])
    process.arguments = Array(command.dropFirst())
    let output = Pipe()
    process.standardOutput = output
    if let errors { process.standardError = errors }
    let ended = DispatchSemaphore(value: 0)
    self.ended = ended
    process.terminationHandler = { _ in ended.signal() }
    try process.run()
    var line = ""
    while !line.contains("\n") {
      let data = output.fileHandleForReading.availableData
      guard !data.isEmpty else {
        ended.wait()
        throw EndedEarly(
          reason: process.terminationReason, status: process.terminationStatus, output: line)
      }
      line += String(decoding: data, as: UTF8.self)
    }
    let address = line.trimmingCharacters(in: .newlines)
    let prefix = "listening on http://127.0.0.1:"
    guard address.hasPrefix(prefix), let port = Int(address.dropFirst(prefix.count)) else {
      throw Failure(description: "unexpected output '\(address)'")
    }
    client = HTTPClient(port: port)
  }

  deinit {
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
  }

  /// Sends a signal and waits for the end.
  func end(with signal: Int32, within seconds: Int = 30) throws -> (
    reason: Process.TerminationReason, status: Int32
  ) {
    if process.isRunning { kill(process.processIdentifier, signal) }
    return try waitForEnd(within: seconds)
  }

  /// Waits for the end, which must come by itself.
  func waitForEnd(within seconds: Int = 30) throws -> (
    reason: Process.TerminationReason, status: Int32
  ) {
    guard ended.wait(timeout: .now() + .seconds(seconds)) == .success else {
      throw Failure(description: "the server did not end")
    }
    return (process.terminationReason, process.terminationStatus)
  }

  /// Runs the program to its end, which must come by itself.
  static func run(_ arguments: [String], wrapper: [String] = []) throws -> (
    reason: Process.TerminationReason, status: Int32, output: String, errors: String
  ) {
    let process = Process()
    let command = try wrapper + [executable().path] + arguments
    process.executableURL = URL(fileURLWithPath: command[0])
    process.arguments = Array(command.dropFirst())
    let output = Pipe()
    let errors = Pipe()
    process.standardOutput = output
    process.standardError = errors
    let ended = DispatchSemaphore(value: 0)
    process.terminationHandler = { _ in ended.signal() }
    try process.run()
    guard ended.wait(timeout: .now() + .seconds(30)) == .success else {
      kill(process.processIdentifier, SIGKILL)
      throw Failure(description: "the program goes on: \(arguments)")
    }
    // A few lines each: the pipes hold them.
    let text = { (pipe: Pipe) in
      String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    }
    return (process.terminationReason, process.terminationStatus, text(output), text(errors))
  }
}
