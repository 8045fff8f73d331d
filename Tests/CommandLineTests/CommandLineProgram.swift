import Foundation
import TestSupport
import Testing

/// Runs the built programs as a user would, as processes.
enum CommandLineProgram {
  /// How a finished program ended.
  struct Outcome {
    let status: Int32
    let output: String
    let errors: String

    /// Standard output as JSON.
    func json<Value: Decodable>(_: Value.Type) throws -> Value {
      try JSONDecoder().decode(Value.self, from: Data(output.utf8))
    }
  }

  /// The programs lie beside the test bundle.
  static func path(_ name: String) throws -> URL {
    let bundle = try #require(CommandLine.arguments.first)
    let folder = URL(fileURLWithPath: bundle).resolvingSymlinksInPath().deletingLastPathComponent()
    let program = folder.appendingPathComponent(name)
    try #require(FileManager.default.isExecutableFile(atPath: program.path), "\(program.path)")
    return program
  }

  /// Runs a program to its end, with `environment` beside this process's own and, if wanted, at most
  /// so much address space. `wrapper` is a program and its arguments that becomes this one.
  static func run(
    _ name: String, _ arguments: [String], environment: [String: String] = [:],
    memoryKilobytes: Int? = nil, wrapper: [String] = []
  ) throws -> Outcome {
    let process = Process()
    let program = try path(name)
    process.executableURL = program
    process.arguments = arguments
    if let first = wrapper.first {
      process.executableURL = URL(fileURLWithPath: first)
      process.arguments = wrapper.dropFirst() + [program.path] + arguments
    }
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    if let memoryKilobytes {
      process.executableURL = URL(fileURLWithPath: "/bin/sh")
      process.arguments =
        ["-c", "ulimit -v \(memoryKilobytes) && exec \"$0\" \"$@\"", program.path] + arguments
    }
    // Files, not pipes: nobody has to drain them while the program runs.
    let folder = try TemporaryFolder()
    let output = try folder.newFile("output")
    let errors = try folder.newFile("errors")
    process.standardOutput = output
    process.standardError = errors
    process.standardInput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return Outcome(
      status: process.terminationStatus, output: try folder.text("output"),
      errors: try folder.text("errors"))
  }
}

extension TemporaryFolder {
  fileprivate func newFile(_ name: String) throws -> FileHandle {
    try write([], to: name)
    return try FileHandle(forWritingTo: URL(fileURLWithPath: file(name)))
  }
}
