import Foundation
import PersonalizationService
import ServiceAPI
import SparseRuntime
import Testing

@Suite struct StartLineTests {
  @Test(arguments: [false, true])
  func oneLineSaysWhatHasStarted(requiresTokens: Bool) throws {
    let log = LogCollector()
    let server = try TestService(logger: log.logger(.json, level: .notice)) {
      $0.workers = 0
      $0.requireTokens = requiresTokens
    }
    let lines = try log.objects().filter { $0["message"]?.text == "started" }
    #expect(lines.count == 1)
    let line = try #require(lines.first)
    #expect(line["version"]?.text == Service.version)
    #expect(line["database"]?.text?.hasSuffix("crisp.sqlite") == true)
    #expect(line["schema"]?.text.flatMap { Int($0) } ?? 0 >= 7)
    #expect(line["workers"]?.text == "0")
    #expect(line["kernels"]?.text == InstructionSet.best.rawValue)
    #expect(line["access"]?.text == (requiresTokens ? "closed" : "open"))
    #expect(server.stop())
  }
}
