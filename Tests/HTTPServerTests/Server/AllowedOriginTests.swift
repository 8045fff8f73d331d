import HTTPServer
import Testing

@Suite struct AllowedOriginTests {
  private static let page = "https://app.example.org"

  private func reply(
    _ origins: [String], _ method: String, _ path: String, _ fields: String
  ) throws -> RawClient.Reply {
    var configuration = ServerConfiguration(workers: 2)
    configuration.allowedOrigins = AllowedOrigins(origins)
    var answer: RawClient.Reply?
    try TestServer.run(TestServer.router, configuration: configuration) { port, _ in
      let client = try RawClient(port: port)
      try client.send("\(method) \(path) HTTP/1.1\r\nHost: a\r\n\(fields)Connection: close\r\n\r\n")
      answer = try client.reply()
    }
    return try #require(answer)
  }

  @Test(arguments: [
    ("GET", "/hello/a", 200), ("GET", "/nowhere", 404), ("DELETE", "/hello/a", 405),
  ])
  func itsPagesMayReadEveryAnswer(method: String, path: String, status: Int) throws {
    let reply = try reply([Self.page], method, path, "Origin: HTTPS://APP.example.org\r\n")
    #expect(reply.status == status)
    #expect(reply["Access-Control-Allow-Origin"] == "HTTPS://APP.example.org")
    #expect(reply["Access-Control-Expose-Headers"]?.contains("ETag") == true)
    #expect(reply["Vary"] == "Origin")
    #expect(reply["Access-Control-Allow-Credentials"] == nil)
  }

  /// Also that a body is too large, which is said before it has come.
  @Test func itsPagesMayReadRefusals() throws {
    let reply = try reply(
      [Self.page], "POST", "/small", "Origin: \(Self.page)\r\nContent-Length: 5\r\n")
    #expect(reply.status == 413)
    #expect(reply["Access-Control-Allow-Origin"] == Self.page)
    #expect(reply["Vary"] == "Origin")
  }

  /// What a browser asks before it sends what a form could not.
  @Test func aBrowserMayAskFirst() throws {
    let asked =
      "Origin: \(Self.page)\r\nAccess-Control-Request-Method: POST\r\n"
      + "Access-Control-Request-Headers: authorization,content-type\r\n"
    let reply = try reply([Self.page], "OPTIONS", "/echo", asked)
    #expect(reply.status == 204)
    #expect(reply["Access-Control-Allow-Origin"] == Self.page)
    #expect(reply["Access-Control-Allow-Methods"] == "OPTIONS, POST")
    let fields = reply["Access-Control-Allow-Headers"]?.lowercased() ?? ""
    for field in ["authorization", "content-type", "idempotency-key", "last-event-id", "range"] {
      #expect(fields.contains(field), "\(field)")
    }
    #expect(reply["Access-Control-Max-Age"] == "600")
    // The same, off.
    let off = try self.reply([], "OPTIONS", "/echo", asked)
    #expect(off.fields.allSatisfy { !$0.name.hasPrefix("Access-Control") && $0.name != "Vary" })
  }

  @Test(arguments: [
    "https://app.example.org.evil.example", "http://app.example.org", "null", "*",
    "https://app.example.org:8443", "https://app.example.org/",
  ])
  func othersMayNot(origin: String) throws {
    let reply = try reply([Self.page], "GET", "/hello/a", "Origin: \(origin)\r\n")
    #expect(reply.status == 200)
    #expect(reply["Access-Control-Allow-Origin"] == nil)
    #expect(reply["Vary"] == "Origin")
  }

  @Test func whoIsAllowedIsNoStranger() throws {
    for (origins, isStranger) in [([Self.page], false), ([], true)] {
      let request = try Request(
        method: .post, target: "/", headers: [.origin: Self.page],
        allowedOrigins: AllowedOrigins(origins))
      #expect(request.isCrossSite == isStranger)
    }
  }

  @Test(arguments: [
    ("https://app.example.org", true), ("http://localhost:3000", true), ("http://[::1]:80", true),
    ("HTTP://127.0.0.1", true), ("https://", false), ("app.example.org", false), ("*", false),
    ("null", false), ("https://a/", false), ("https://a:0", false), ("https://a:65536", false),
    ("https://a:", false), ("https://a b", false), ("ftp://a", false), ("https://u@a", false),
    ("http://[::1", false), ("http://[x]", false), ("", false),
  ])
  func originsHaveAForm(text: String, isValid: Bool) {
    #expect(AllowedOrigins.isOrigin(text) == isValid)
  }
}
