import HTTPServer
import Testing

/// RFC 6266, RFC 8187.
@Suite struct ContentDispositionTests {
  @Test(arguments: [
    ("Bag, Shirt", #"filename="Bag, Shirt.x""#),
    ("St. Bernard", #"filename="St. Bernard.x""#),
    ("a\"b\\c/d:e|f?g*h<i>j", #"filename="a_b_c_d_e_f_g_h_i_j.x""#),
    ("../../etc/passwd", #"filename="_.._etc_passwd.x""#), ("...", #"filename="download.x""#),
    ("", #"filename="download.x""#), ("a\r\nSet-Cookie: b", #"filename="a_Set-Cookie_ b.x""#),
    ("a\0b\u{1}c", #"filename="a_b_c.x""#),
    ("café", #"filename="caf_.x"; filename*=UTF-8''caf%C3%A9.x"#),
    ("100 %", #"filename="100 _.x"; filename*=UTF-8''100%20%25.x"#),
    ("靴 🤖", #"filename="_ _.x"; filename*=UTF-8''%E9%9D%B4%20%F0%9F%A4%96.x"#),
    // A direction mark would show "gpj.exe" as "exe.jpg".
    ("a\u{202E}gpj", #"filename="a_gpj.x""#),
    ("it's (a) name;=,", #"filename="it's (a) name;=,.x""#),
  ])
  func names(_ stem: String, _ expected: String) {
    #expect(ContentDisposition.attachment(stem, ending: ".x") == "attachment; \(expected)")
  }

  @Test func longNamesLoseTheirMiddleNotTheirEnding() throws {
    let field = ContentDisposition.attachment(String(repeating: "靴", count: 100), ending: ".onnx")
    let encoded = try #require(field.split(separator: "'").last)
    #expect(encoded.hasSuffix("%9D%B4.onnx"))
    #expect(encoded.split(separator: "%").count == 65 * 3)
  }
}
