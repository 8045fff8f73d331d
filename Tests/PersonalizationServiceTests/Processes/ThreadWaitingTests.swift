import Foundation
import TestSupport
import Testing

/// What the programs' first instructions do: settings for OpenMP, and nothing that anyone would see.
@Suite struct ThreadWaitingTests {
  /// libgomp says itself what it read. A setting of the user's stands.
  @Test(arguments: [
    ("PATH=/bin", "5000"), ("GOMP_SPINCOUNT=7", "7"), ("OMP_WAIT_POLICY=passive", "0"),
  ])
  func threadsSleepUnlessTheUserSaysOtherwise(setting: String, count: String) throws {
    let run = try ServerProcess.run(
      ["--version"],
      wrapper: [
        "/usr/bin/env", "-u", "GOMP_SPINCOUNT", "-u", "OMP_WAIT_POLICY", "OMP_DISPLAY_ENV=verbose",
        setting,
      ])
    #expect(run.status == 0)
    #expect(run.errors.contains("GOMP_SPINCOUNT = '\(count)'"), "\(run.errors)")
  }

  /// The kernel's log, `ps` and `top` say who it is.
  @Test func theProcessKeepsItsNameAndArguments() throws {
    let folder = try TemporaryFolder()
    let database = folder.file("crisp.sqlite")
    try ToyWorld.register(in: database, folder: folder)
    let server = try ServerProcess(database: database, arguments: ["--queue-limit", "17"])
    let process = "/proc/\(server.processIdentifier)"
    #expect(try String(contentsOfFile: "\(process)/comm", encoding: .utf8) == "crisp-server\n")
    let line = try String(contentsOfFile: "\(process)/cmdline", encoding: .utf8)
      .split(separator: "\0").map(String.init)
    #expect(line.first == (try ServerProcess.executable().path))
    #expect(Array(line.suffix(2)) == ["--queue-limit", "17"])
    #expect(try server.end(with: SIGTERM).status == 0)
  }

  /// A program that the dynamic linker was told to start, with libraries before its own.
  @Test(
    .enabled(
      if: FileManager.default.isExecutableFile(atPath: Self.linker),
      "needs the dynamic linker of x86-64 Linux"))
  func argumentsSurviveThePreloadingOfLibraries() throws {
    let folder = try TemporaryFolder()
    let database = folder.file("crisp.sqlite")
    try ToyWorld.register(in: database, folder: folder)
    let server = try ServerProcess(
      database: database, wrapper: [Self.linker, "--preload", "libm.so.6"])
    #expect(try server.client.get("/healthz").status == 200)
    #expect(try server.end(with: SIGTERM).status == 0)
  }

  private static let linker = "/lib64/ld-linux-x86-64.so.2"
}
