import HTTPServer
import HTTPTypes
import Testing

@Suite struct RequestTests {
  private func request(_ fields: [(String, String)], body: String = "") throws -> Request {
    var headers = HTTPFields()
    for (name, value) in fields { headers[try #require(HTTPField.Name(name))] = value }
    return try Request(method: .post, target: "/", headers: headers, body: Array(body.utf8))
  }

  @Test func formsAreRead() throws {
    for type in [
      "application/x-www-form-urlencoded", "Application/X-WWW-Form-URLencoded ; charset=utf-8",
    ] {
      let form = try request([("Content-Type", type)], body: "a=1+2&b=%26%3D&c&a=%C3%A9").form
      #expect(form.map(\.name) == ["a", "b", "c", "a"])
      #expect(form.map(\.value) == ["1 2", "&=", "", "é"])
    }
  }

  @Test(arguments: [
    ("text/plain", "a=1", 415), ("application/x-www-form-urlencoded", "a=%zz", 400),
  ])
  func othersAreRefused(type: String, body: String, status: Int) throws {
    let error = #expect(throws: ProblemDetails.self) {
      _ = try request([("Content-Type", type)], body: body).form
    }
    #expect(error?.status == status)
  }

  @Test func aFormHasABoundOfFields() throws {
    let type = ("Content-Type", "application/x-www-form-urlencoded")
    let most = Array(repeating: "a=1", count: 4096)
    #expect(try request([type], body: most.joined(separator: "&")).form.count == 4096)
    let error = #expect(throws: ProblemDetails.self) {
      _ = try request([type], body: (most + ["a=1"]).joined(separator: "&")).form
    }
    #expect(error?.code == "malformed_form")
  }

  static let sites: [([(String, String)], Bool?)] = [
    ([], nil),
    ([("Sec-Fetch-Site", "same-origin")], false),
    ([("Sec-Fetch-Site", "none")], false),
    ([("Sec-Fetch-Site", "same-site")], true),
    ([("Sec-Fetch-Site", "cross-site"), ("Origin", "http://a:1"), ("Host", "a:1")], true),
    ([("Origin", "http://a:1"), ("Host", "a:1")], false),
    ([("Origin", "https://A:1"), ("Host", "a:1")], false),
    ([("Origin", "http://a:2"), ("Host", "a:1")], true),
    ([("Origin", "http://a"), ("Host", "a:1")], true),
    ([("Origin", "null"), ("Host", "null")], true),
    ([("Origin", "http://a:1")], true),
    ([("Origin", "http://a:1"), ("Host", "b:1")], true),
    ([("Origin", "http://a.b:1"), ("Host", "b:1")], true),
    ([("Origin", "http://a:1.b"), ("Host", "a:1")], true),
    ([("Origin", "ftp://a:1"), ("Host", "a:1")], true),
    ([("Origin", "chrome-extension://a:1"), ("Host", "a:1")], true),
    ([("Origin", ""), ("Host", "a:1")], true),
    ([("Origin", "null"), ("Host", "a:1"), ("Upgrade", "websocket")], true),
    ([("Sec-Fetch-Site", "Same-Origin"), ("Host", "a:1")], true),
    ([("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "websocket"), ("Host", "a:1")], true),
  ]

  /// A page that plain HTTP brought may have been written by anyone on the way.
  @Test(arguments: [("http", true), ("https", false)])
  func overTLSOnlyHTTPSIsTheSameSite(scheme: String, isCross: Bool) throws {
    var headers = HTTPFields()
    headers[try #require(HTTPField.Name("Origin"))] = "\(scheme)://a"
    headers[try #require(HTTPField.Name("Host"))] = "a"
    let request = try Request(method: .post, target: "/", headers: headers, isSecure: true)
    #expect(request.isCrossSite == isCross)
  }

  /// RFC 9112 §3.2.2: an absolute target goes before the Host field.
  @Test(
    arguments: [
      ("/x", "a:1", "a:1"), ("http://B:2/x", "a:1", "B:2"), ("https://b?x", "a:1", "b"),
      ("http://b/x", nil, "b"), ("/x", nil, nil), ("*", "a", "a"),
    ] as [(String, String?, String?)])
  func theAuthorityIsTheTargetsOrTheHostFields(
    target: String, host: String?, authority: String?
  ) throws {
    var headers = HTTPFields()
    headers[try #require(HTTPField.Name("Host"))] = host
    let request = try Request(method: .options, target: target, headers: headers)
    #expect(request.authority == authority)
  }

  @Test(arguments: sites) func otherSitesAreKnown(fields: [(String, String)], isCross: Bool?) throws
  {
    #expect(try request(fields).isCrossSite == isCross)
  }
}
