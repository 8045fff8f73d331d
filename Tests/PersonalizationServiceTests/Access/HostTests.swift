import Foundation
import HTTPServer
import Logging
import PersonalizationService
import ServiceAPI
import TestSupport
import Testing

/// Under which names a server answers: a site whose name suddenly means 127.0.0.1 must get nothing.
@Suite struct HostTests {
  /// A request with a Host field of the test's own, or none.
  private func send(
    _ client: HTTPClient, _ line: String, host: String?, fields: String = ""
  ) throws -> HTTPClient.Reply {
    let host = host.map { "Host: \($0)\r\n" } ?? ""
    return try client.exchange("\(line)\r\n\(host)Connection: close\r\n\(fields)\r\n")
  }

  static let hosts: [(String, Bool)] = [
    ("localhost", true), ("LocalHost:8080", true), ("localhost.", true), ("localhost:0", true),
    ("127.0.0.1", true), ("127.0.0.1:80", true), ("127.255.3.4", true), ("[::1]", true),
    ("[::1]:8080", true), ("[0:0:0:0:0:0:0:1]", true), ("crisp.localhost", true),
    ("models.example.org", true), ("Models.Example.org.:8443", true), ("10.1.2.3", true),
    ("evil.example", false), ("localhost.evil.example", false), ("evillocalhost", false),
    ("127.0.0.1.evil.example", false), ("127.evil.example", false), ("127.1", false),
    ("2130706433", false), ("0x7f.0.0.1", false), ("0.0.0.0", false), ("192.168.0.7", false),
    ("[::]", false), ("[::2]", false), ("[::ffff:10.0.0.1]", false), (".localhost.evil", false),
    ("example.org", false), ("x.models.example.org", false), ("10.1.2.4", false),
    ("localhost%2eevil.example", false), ("_", false),
    ("evil.com;.localhost", false), ("evil.com%00.localhost", false), ("a!.localhost", false),
    ("evil%2ecom.localhost", false), ("a_b-c.localhost:80", true),
  ]

  private func openServer() throws -> TestService {
    try TestService {
      $0.allowedHosts = ["models.example.org", "10.1.2.3"]
      $0.workers = 0
    }
  }

  @Test func anOpenServerAnswersUnderItsOwnNamesOnly() throws {
    let server = try openServer()
    for (host, isOwn) in Self.hosts {
      for target in ["/", "/jobs", "/models", "/base-models", "/metrics", "/users/ada"] {
        let reply = try send(server.client, "GET \(target) HTTP/1.1", host: host)
        #expect((reply.status == 421) != isOwn, "\(host) \(target): \(reply.status)")
        guard !isOwn else { continue }
        #expect(reply.code == "misdirected_request")
        #expect(reply.detail.contains("--allowed-host"))
      }
      // RFC 9112 §3.2.2: the target's own host goes before the field.
      let absolute = try send(
        server.client, "GET http://\(host)/jobs HTTP/1.1", host: "127.0.0.1")
      #expect((absolute.status == 421) != isOwn, "\(host): \(absolute.status)")
    }
  }

  @Test func nothingIsChangedUnderAnotherName() throws {
    let server = try openServer()
    let job = try server.jobs.submit(JobBody.endless, user: "ada").id
    for line in [
      "DELETE /users/ada HTTP/1.1", "POST /jobs/\(job)/cancel HTTP/1.1",
      "POST /users/ada/classes HTTP/1.1", "POST / HTTP/1.1",
    ] {
      #expect(try send(server.client, line, host: "evil.example").status == 421, "\(line)")
    }
    #expect(try server.client.get("/users/ada").status == 200)
    #expect(try server.jobs.job(job).status == "queued")
  }

  @Test func whatIsTheSameForAllTheWorldIsAnsweredUnderAnyName() throws {
    let server = try openServer()
    for target in ["/healthz", "/readyz", "/openapi.json", "/assets/page.css"] {
      let reply = try send(server.client, "GET \(target) HTTP/1.1", host: "10.0.0.7:8080")
      #expect(reply.status == 200, "\(target)")
    }
  }

  /// No browser speaks HTTP/1.0; old probes do.
  @Test func oldRequestsWithoutAHostAreAnswered() throws {
    let server = try openServer()
    #expect(try send(server.client, "GET /jobs HTTP/1.0", host: nil).status == 200)
    #expect(try send(server.client, "GET /jobs HTTP/1.0", host: "evil.example").status == 421)
  }

  /// A page of another site has no token.
  @Test func aServerWithTokensAnswersUnderAnyName() throws {
    let world = try TokenWorld()
    let field = "Authorization: Bearer \(world.ada.secret)\r\n"
    let client = world.server.client
    #expect(
      try send(client, "GET /jobs HTTP/1.1", host: "any.example", fields: field).status == 200)
    #expect(try send(client, "GET /jobs HTTP/1.1", host: "any.example").status == 401)
  }

  /// Addresses cannot be rebound: beyond loopback, where an operator chose to be open, they all do.
  @Test func beyondLoopbackAddressesAreAnswered() throws {
    let server = try TestService {
      $0.http.host = "0.0.0.0"
      $0.insecure = true
      $0.allowedHosts = ["gpu-box"]
    }
    for (host, isOwn) in [
      ("192.168.0.7:8080", true), ("[fd00::7]", true), ("localhost", true), ("gpu-box", true),
      ("evil.example", false), ("gpu-box.evil.example", false),
    ] {
      let reply = try send(server.client, "GET /jobs HTTP/1.1", host: host)
      #expect((reply.status == 421) != isOwn, "\(host): \(reply.status)")
    }
  }

  /// Every route that changes something refuses pages of other sites, whatever they call themselves.
  @Test func otherSitesChangeNothing() throws {
    let server = try openServer()
    let job = try server.jobs.submit(JobBody.endless, user: "ada").id
    let port = server.client.port
    let sites = [
      "Origin: null", "Origin: http://evil.example", "Origin: http://127.0.0.1:\(port + 1)",
      "Origin: http://127.0.0.1", "Origin: http://localhost:\(port)",
      "Origin: file://127.0.0.1:\(port)", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site",
    ]
    let changing = server.service.rules.filter { $0.method != .get }
    #expect(changing.count >= 5)
    for rule in changing {
      let target = rule.pattern
        .replacingOccurrences(of: "{user}", with: "ada")
        .replacingOccurrences(of: "{job}", with: job)
        .replacingOccurrences(of: "{model}", with: "model_\(String(repeating: "a", count: 26))")
      for site in sites {
        let reply = try send(
          server.client, "\(rule.method.rawValue) \(target) HTTP/1.1", host: "127.0.0.1:\(port)",
          fields: site + "\r\n")
        #expect(reply.status == 403, "\(rule.method) \(target) \(site): \(reply.status)")
        #expect(reply.code == "cross_site")
      }
    }
    #expect(try server.jobs.job(job).status == "queued")
    let own = try send(
      server.client, "POST /jobs/\(job)/cancel HTTP/1.1", host: "127.0.0.1:\(port)",
      fields: "Origin: http://127.0.0.1:\(port)\r\n")
    #expect(own.status == 200)
  }

  /// A site that the operator allows may read and change, from a browser, which asks first.
  @Test func pagesOfAllowedSitesMayUseTheServer() throws {
    let site = "https://app.example.org"
    let server = try TestService {
      $0.http.allowedOrigins = AllowedOrigins([site])
      $0.workers = 0
    }
    let asked = try server.client.send(
      "OPTIONS", "/users/ada/classes",
      fields: [
        ("Origin", site), ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "content-type"),
      ])
    #expect(asked.status == 204)
    #expect(asked["Access-Control-Allow-Origin"] == site)
    #expect(asked["Access-Control-Allow-Methods"]?.contains("POST") == true)
    let fields = [("Origin", site), ("Sec-Fetch-Site", "cross-site")]
    let posted = try server.client.post("/users/ada/classes", JobBody.quick, fields: fields)
    #expect(posted.status == 202)
    #expect(posted["Access-Control-Allow-Origin"] == site)
    let refused = try server.client.post("/users/ada/classes", ["classes": 1], fields: fields)
    #expect(refused.status == 422 && refused["Access-Control-Allow-Origin"] == site)
    let stranger = try server.client.post(
      "/users/ada/classes", JobBody.quick,
      fields: [("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site")])
    #expect(stranger.status == 403 && stranger.code == "cross_site")
    #expect(stranger["Access-Control-Allow-Origin"] == nil)
    for origin in ["*", "app.example.org", "https://app.example.org/"] {
      let run = try ServerProcess.run(
        ["--db", "/nowhere/x.sqlite", "--port", "0", "--allow-origin", origin])
      #expect(run.errors.contains("--allow-origin must be"), "\(origin): \(run.errors)")
    }
  }

  @Test func onlyNamesCanBeAllowed() throws {
    for name in ["a", "models.example.org", "10.0.0.1", "[fd00::1]", "fd00::1", "x_y"] {
      #expect(Service.isHostName(name), "\(name)")
    }
    for text in ["", "a:80", "http://a", "a/b", "a b", "*", "*.a", "é", "[a]"] {
      #expect(!Service.isHostName(text), "\(text)")
    }
    let run = try ServerProcess.run(
      ["--db", "/nowhere/x.sqlite", "--port", "0", "--allowed-host", "http://a"])
    #expect(run.errors.contains("--allowed-host"))
  }
}
