import Foundation
import ServiceAPI
import Testing

/// The page of a server that asks for tokens.
@Suite struct ClosedPageTests {
  @Test func showsEveryoneTheirOwn() throws {
    let world = try TokenWorld()
    let client = world.server.client
    let job = try world.job(of: world.ada)
    let model = try #require(job.resultModel)

    let page = try client.get("/")
    #expect(page.status == 200)
    #expect(page.text.contains("id=\"token-needed\""))
    for secret in [job.id, model, "ada", ToyWorld.labels[0], ToyWorld.baseModel] {
      #expect(!page.text.contains(secret))
    }
    #expect(try client.get("/assets/page.js").status == 200)
    for part in ["form", "jobs", "models"] {
      #expect(try client.get("/page/\(part)").status == 401)
    }

    func part(_ name: String, _ holder: TokenWorld.Holder) throws -> String {
      try client.get("/page/\(name)", fields: holder.fields).text
    }
    for holder in [world.ada, world.operator] {
      #expect(try part("jobs", holder).contains(job.id))
      #expect(try part("models", holder).contains(model))
    }
    #expect(try part("jobs", world.bob).contains("No jobs yet"))
    #expect(try part("models", world.bob).contains("No models yet"))
    #expect(try part("form", world.ada).contains("value=\"ada\" readonly"))
    #expect(try !part("form", world.operator).contains("readonly"))
  }

  @Test func formsCountForTheTokensUser() throws {
    let world = try TokenWorld()
    let fields = [
      ("Content-Type", "application/x-www-form-urlencoded"), ("Sec-Fetch-Site", "same-origin"),
      ("Accept", "application/json"),
    ]
    func post(_ user: String, _ credential: [(String, String)]) throws -> HTTPClient.Reply {
      let form = "base_model=toy-net&class=top+left&class=middle&sparsity=80&user=\(user)"
      return try world.server.client.send(
        "POST", "/", fields: fields + credential, body: Data(form.utf8))
    }
    #expect(try post("ada", []).status == 401)
    let foreign = try post("bob", world.ada.fields)
    #expect(foreign.status == 403)
    #expect(foreign.code == "forbidden")
    let own = try post("ada", world.ada.fields)
    #expect([200, 202].contains(own.status))
    #expect(try own.decode(JobResource.self).user == "ada")
    #expect([200, 202].contains(try post("carol", world.operator.fields).status))
  }
}
