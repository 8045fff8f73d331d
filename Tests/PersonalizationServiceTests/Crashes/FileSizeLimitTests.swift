import Foundation
import TestSupport
import Testing

/// EFBIG and SIGXFSZ: a limit for files' sizes, as ulimit(1) and service managers set it, is a full disk.
@Suite struct FileSizeLimitTests {
  @Test func aFileAtItsLimitIsAFullDisk() throws {
    let world = try CrashWorld()
    let size = try #require(
      FileManager.default.attributesOfItem(atPath: world.database)[.size] as? Int)
    let server = try ServerProcess(
      database: world.database, arguments: ["--workers", "0"],
      wrapper: [
        "/bin/sh", "-c", #"ulimit -S -f "$1"; shift; exec "$@""#, "sh",
        // Blocks of 512 bytes; the log reaches it soon.
        "\(max(size, 1 << 20) / 512 + 16)",
      ])
    var accepted: [String] = []
    var refusal: HTTPClient.Reply?
    for number in 1...900 where refusal == nil {
      let reply = try server.client.post("/users/u\(number)/classes", JobBody.body(seed: number))
      if reply.status == 202 {
        accepted.append(reply.json["id"]?.text ?? "")
      } else {
        refusal = reply
      }
    }
    let full = try #require(refusal)
    #expect(full.status == 507 && full.code == "disk_full", "\(full.text)")
    #expect(try server.client.get("/readyz").status == 200)
    let last = try #require(accepted.last)
    #expect(try server.jobs.job(last).status == "queued")

    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/prlimit")
    process.arguments = ["--pid", "\(server.processIdentifier)", "--fsize=unlimited:"]
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    #expect(try server.client.post("/users/last/classes", JobBody.body(seed: 1000)).status == 202)
    #expect(try server.end(with: SIGTERM).status == 0)
    #expect(try world.faults() == [])
  }

  /// What a full disk looks like on other file systems and with quotas: every write, or every sync, fails.
  @Test(arguments: ["pwrite64:error=EDQUOT", "pwrite64:error=ENOSPC", "fdatasync:error=ENOSPC"])
  func aServerStartsWhereNothingCanBeWritten(fault: String) throws {
    let world = try CrashWorld()
    let call = String(fault.prefix { $0 != ":" })
    let server = try ServerProcess(
      database: world.database,
      wrapper: [
        "/usr/bin/strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=\(call)", "-e",
        "inject=\(fault)",
      ])
    #expect(try server.client.get("/jobs").status == 200)
    let full = try server.client.post("/users/ada/classes", JobBody.body(seed: 1))
    #expect(full.status == 507 && full.code == "disk_full", "\(full.text)")
    #expect(try server.client.get("/readyz").text.contains("no space is left"))
    #expect(try server.end(with: SIGTERM).status == 0)
    #expect(try world.faults() == [])
  }
}
