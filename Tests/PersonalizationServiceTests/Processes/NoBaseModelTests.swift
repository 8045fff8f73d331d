import Foundation
import PersonalizationService
import ServiceAPI
import TestSupport
import Testing

/// A fresh server on a machine without the data set of its default model.
@Suite struct NoBaseModelTests {
  @Test func itStartsAndSaysWhatToDo() throws {
    let log = LogCollector()
    let folder = try TemporaryFolder()
    let server = try TestService(folder: folder, logger: log.logger(.json)) {
      $0.defaultDataset = folder.file("missing")
    }
    let warning = try #require(try log.objects().first { $0["level"] == "warning" })
    let sentence = try #require(warning["message"]?.text)
    #expect(sentence.contains("dataset-fashion-mnist"))
    #expect(sentence.contains("crisp-server base-model add"))
    #expect(warning["error"]?.text?.contains(folder.file("missing")) == true)

    let ready = try server.client.get("/readyz")
    #expect(ready.status == 200)
    #expect(ready.text.contains("no base model"))
    #expect(try server.client.get("/").text.contains("No base model"))
    for body in [JobBody.quick, ["classes": ["Bag", "Coat"], "base_model": "mine"]] as [JSONValue] {
      let refused = try server.client.post("/users/ada/classes", body)
      #expect(refused.status == 503)
      #expect(refused.code == "no_base_model")
      #expect(refused.detail.contains("crisp-server base-model add"))
      #expect(refused["Retry-After"] != nil)
    }

    // Registered beside the running server, which needs no new start.
    try ToyWorld.register(in: server.database, folder: folder)
    #expect(try server.client.get("/readyz").text == "ready\n")
    #expect(try server.jobs.wait(server.jobs.submit(JobBody.quick).id).status == "succeeded")
  }
}
