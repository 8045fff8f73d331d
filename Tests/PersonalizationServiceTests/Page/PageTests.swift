import Foundation
import ServiceAPI
import Testing

@Suite struct PageTests {
  private static let ownForm = [
    ("Content-Type", "application/x-www-form-urlencoded"), ("Sec-Fetch-Site", "same-origin"),
  ]

  private func post(
    _ form: String, to server: TestService, fields: [(String, String)] = ownForm
  ) throws -> HTTPClient.Reply {
    try server.client.send("POST", "/", fields: fields, body: Data(form.utf8))
  }

  @Test func holdsNothingThatItsPolicyForbids() throws {
    let server = try TestService()
    _ = try server.jobs.wait(server.jobs.submit().id)
    let reply = try server.client.get("/")
    #expect(reply.status == 200)
    #expect(reply["Content-Type"] == "text/html; charset=utf-8")
    #expect(reply["X-Content-Type-Options"] == "nosniff")
    #expect(reply["Referrer-Policy"] == "same-origin")
    #expect(reply["Cache-Control"] == "no-store")
    let policy = try #require(reply["Content-Security-Policy"])
    for part in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"] {
      #expect(policy.contains(part))
    }
    #expect(!policy.contains("unsafe"))
    #expect(!reply.text.contains("<!--"))
    for forbidden in [/<script(?![^>]*\ssrc=)/, /<style/, /\sstyle=/, /\son[a-z]+=/, /javascript:/]
    {
      #expect(reply.text.firstMatch(of: forbidden) == nil)
    }
    // A model with its two charts, and every class to choose.
    #expect(reply.text.matches(of: /<svg class="chart"/).count == 2)
    #expect(reply.text.contains("Modelled on <bdi>crisp-stc</bdi>, not measured"))
    for label in ToyWorld.labels { #expect(reply.text.contains("value=\"\(label)\"")) }
    for format in ["crisp", "safetensors", "onnx"] {
      #expect(reply.text.contains("?format=\(format)\" download"))
    }
    for (path, part) in [("form", "request-form"), ("jobs", "job_"), ("models", "model_")] {
      let piece = try server.client.get("/page/\(path)")
      #expect(piece.status == 200)
      #expect(piece.text.contains(part))
      #expect(piece["Content-Security-Policy"] == policy)
      #expect(reply.text.contains(piece.text))
    }
  }

  @Test func filesHaveTags() throws {
    let server = try TestService()
    let page = try server.client.get("/").text
    let paths = page.matches(of: /(?:src|href)="(\/assets\/[^"]+)"/).map { String($0.output.1) }
    #expect(Set(paths) == ["/assets/page.css", "/assets/page.js", "/assets/icon.svg"])
    for path in Set(paths) {
      let file = try server.client.get(path)
      #expect(file.status == 200)
      #expect(file["X-Content-Type-Options"] == "nosniff")
      let tag = try #require(file["ETag"])
      #expect(try server.client.get(path, fields: [("If-None-Match", tag)]).status == 304)
    }
    for path in ["page.html", "..", "%2e%2e%2fpage.css", "x"] {
      #expect(try server.client.get("/assets/\(path)").status == 404)
    }
  }

  @Test func formsBecomeJobs() throws {
    let server = try TestService()
    let blocker = try server.jobs.submit(JobBody.endless)
    try server.jobs.waitUntilRunning(blocker.id)
    let form =
      "base_model=toy-net&class=top+left&class=caf%C3%A9&weight-0=1&weight-1=7&weight-2=3"
      + "&sparsity=80&user=%3Cb%3E%2F..%26"
    let reply = try post(form, to: server)
    #expect(reply.status == 303)
    let location = try #require(reply["Location"])
    #expect(location.hasPrefix("/#job_"))
    let job = try server.jobs.job(String(location.dropFirst(2)))
    #expect(job.user == "<b>/..&")
    #expect(job.recipe["target"] == ["sparsity": 0.8])
    let entries = job.classes
    #expect(entries == [["name": "top left", "weight": 0.25], ["name": "café", "weight": 0.75]])
    #expect(try server.client.get("/").text.contains("for <bdi>&lt;b&gt;/..&amp;</bdi>"))
    // The script asks for the job itself, which is the same one.
    let fields = Self.ownForm + [("Accept", "application/json")]
    let again = try post(form, to: server, fields: fields)
    #expect(again.status == 202)
    #expect(again["Location"] == "/jobs/\(job.id)")
    #expect(try again.decode(JobResource.self).id == job.id)
  }

  @Test func mistakesAreTold() throws {
    let server = try TestService()
    for (form, word) in [
      ("base_model=toy-net&user=ada&sparsity=80", "class"),
      ("base_model=toy-net&user=ada&class=%3Cscript%3E", "&lt;script&gt;"),
      ("base_model=toy-net&class=top+left&class=middle&user=", "user"),
      ("base_model=toy-net&class=top+left&class=middle&user=a&sparsity=x", "sparsity"),
      ("base_model=toy-net&class=top+left&class=middle&user=a&weight-0=nan", "weight"),
      ("base_model=none&class=top+left&user=ada", "none"),
      (
        "base_model=toy-net&user=ada&class=" + String(repeating: "%CC%81%CC%96", count: 16),
        "combining marks"
      ),
    ] {
      let page = try post(form, to: server)
      #expect((400..<500).contains(page.status), "\(form)")
      #expect(page["Content-Type"] == "text/html; charset=utf-8", "\(form)")
      #expect(page.text.contains("role=\"alert\""), "\(form)")
      #expect(page.text.contains(word), "\(form)")
      #expect(!page.text.contains("<script>"))
      let fields = Self.ownForm + [("Accept", "application/json")]
      let problem = try post(form, to: server, fields: fields)
      #expect(problem.status == page.status, "\(form)")
      #expect(problem["Content-Type"] == "application/problem+json")
    }
    #expect(try server.client.get("/jobs").decode(ListResource<JobResource>.self).data.isEmpty)
  }

  @Test func otherSitesCannotSendForms() throws {
    let server = try TestService()
    let form = "base_model=toy-net&class=top+left&class=middle&sparsity=80&user=eve"
    let type = ("Content-Type", "application/x-www-form-urlencoded")
    for fields in [
      [], [("Origin", "null")], [("Origin", "http://evil.example")],
      [("Origin", "http://127.0.0.1.evil.example")],
      [("Sec-Fetch-Site", "cross-site"), ("Origin", "http://127.0.0.1")],
      [("Sec-Fetch-Site", "same-site")],
    ] {
      let reply = try post(form, to: server, fields: fields + [type])
      #expect(reply.status == 403, "\(fields)")
      #expect(reply.code == "cross_site", "\(fields)")
    }
    #expect(try server.client.get("/jobs").decode(ListResource<JobResource>.self).data.isEmpty)
    let own = ("Origin", "http://127.0.0.1")
    // What needs no form, and so no check of its type, is refused too.
    let evil = ("Origin", "http://evil.example")
    let job = "/jobs/job_000000000000000000000000/cancel"
    #expect(try server.client.send("POST", job, fields: [evil]).code == "cross_site")
    #expect(try server.client.send("POST", job, fields: [own]).code == "not_found")
    let text = ("Content-Type", "text/plain")
    #expect(try post(form, to: server, fields: [own, text]).status == 415)
    #expect(try post(form, to: server, fields: [own, type]).status == 303)
  }
}
