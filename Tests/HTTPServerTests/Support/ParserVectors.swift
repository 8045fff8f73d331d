import Testing

/// Bytes of a connection and what the parser must make of them.
struct ParserVector: Sendable, CustomTestStringConvertible {
  let section: String
  let bytes: [UInt8]
  let outcomes: [String]

  var testDescription: String {
    "\(section): \(String(decoding: bytes, as: UTF8.self).debugDescription.prefix(90))"
  }

  init(_ section: String, _ text: String, _ outcomes: String...) {
    self.init(section, Array(text.utf8), outcomes)
  }

  init(_ section: String, _ bytes: [UInt8], _ outcomes: [String]) {
    self.section = section
    self.bytes = bytes
    self.outcomes = outcomes
  }
}

enum ParserVectors {
  private static func repeated(_ text: String, _ count: Int) -> String {
    String(repeating: text, count: count)
  }

  static let all = messages + requestLines + targets + fields + hosts + lengths + chunks + limits

  static let messages: [ParserVector] = [
    .init("9112 §2.1", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET /"),
    .init("9112 §2.1", "GET / HTTP/1.1\r\nHost: a\r\n", "incomplete"),
    .init("9112 §2.1", "GET", "incomplete"),
    .init("9112 §2.2", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET /"),
    .init("9112 §2.2", "\r\n\r\nGET / HTTP/1.1\r\n", "400 malformed_request_line"),
    .init("9112 §2.2", "GET / HTTP/1.1\nHost: a\n\n", "400 bare_line_terminator"),
    .init("9112 §2.2", "GET / HTTP/1.1\r\nHost: a\n\r\n", "400 bare_line_terminator"),
    .init("9112 §2.2", "GET / HTTP/1.1\rHost: a\r\n\r\n", "400 bare_line_terminator"),
    .init("9112 §2.2", "GET / HTTP/1.1\r\nHost: a\r\nA: b\rc\r\n\r\n", "400 bare_line_terminator"),
    .init("9112 §2.2", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", "400 folded_header_field"),
    .init("9110 §5.5", "GET / HTTP/1.1\r\nHost: a\r\nA: b\0c\r\n\r\n", "400 control_byte"),
    .init("9110 §5.5", "GET / HTTP/1.1\r\nHost: a\r\nA: \u{7F}\r\n\r\n", "400 control_byte"),
    .init("9112 §2.1", [0x16, 0x03, 0x01, 0x02, 0x00, 0x01], ["400 control_byte"]),
    .init(
      "9112 §9.3.2", "GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET /a", "GET /b"),
    .init(
      "9112 §9.3", "GET / HTTP/1.1\r\nHost: a\r\nConnection: x, CLOSE\r\n\r\n", "GET / close"),
    .init("9112 §9.3", "GET / HTTP/1.0\r\n\r\n", "GET / close"),
    .init("9112 §9.3", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "GET /"),
    .init(
      "9112 §9.3", "GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", "GET / close"),
  ]

  static let requestLines: [ParserVector] = [
    .init("9112 §3", "GET  / HTTP/1.1\r\n", "400 malformed_request_line"),
    .init("9112 §3", "GET / HTTP/1.1 \r\n", "400 malformed_request_line"),
    .init("9112 §3", " GET / HTTP/1.1\r\n", "400 malformed_request_line"),
    .init("9112 §3", "GET\t/ HTTP/1.1\r\n", "400 malformed_request_line"),
    .init("9112 §3", "GET /\r\n", "400 malformed_request_line"),
    .init("9112 §3", "GET / a HTTP/1.1\r\n", "400 malformed_request_line"),
    .init("9112 §3.1", "G(T / HTTP/1.1\r\n", "400 malformed_request_line"),
    .init("9112 §3.1", "get / HTTP/1.1\r\nHost: a\r\n\r\n", "get /"),
    .init("9112 §2.3", "GET / http/1.1\r\n", "400 malformed_request_line"),
    .init("9112 §2.3", "GET / HTTP/1.10\r\n", "400 malformed_request_line"),
    .init("9112 §2.3", "GET / HTTP/1,1\r\n", "400 malformed_request_line"),
    .init("9112 §2.3", "GET / HTTP/+.1\r\n", "400 malformed_request_line"),
    .init("9112 §2.3", "GET / HTTP/1.2\r\n", "505 http_version_not_supported"),
    .init("9112 §2.3", "GET / HTTP/0.9\r\n", "505 http_version_not_supported"),
    .init("9112 §2.3", "GET / HTTP/2.0\r\n", "505 http_version_not_supported"),
    .init("9113 §3.4", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505 http_version_not_supported"),
  ]

  private static func target(_ target: String, _ outcome: String) -> ParserVector {
    .init("9112 §3.2", "GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n", outcome)
  }

  static let targets: [ParserVector] = [
    target("/a/b?c=d", "GET /a/b"),
    target("/a%2Fb", "GET /a/b"),
    target("/%E2%82%AC", "GET /€"),
    target("/%e2%82", "400 malformed_target"),
    target("/%C0%AF", "400 malformed_target"),
    target("/%00", "400 malformed_target"),
    target("/%4", "400 malformed_target"),
    target("/%+1", "400 malformed_target"),
    target("/?a=%zz", "400 malformed_target"),
    target("/#a", "400 malformed_target"),
    target("/€", "400 malformed_target"),
    target("/<a>", "400 malformed_target"),
    target("/a[b]", "400 malformed_target"),
    target("/a\\b", "400 malformed_target"),
    target("/a\"b", "400 malformed_target"),
    target("a", "400 malformed_target"),
    target("*", "400 malformed_target"),
    target("http://a.example:80/b?c", "GET /b"),
    target("HTTPS://[::1]/b", "GET /b"),
    target("http://a", "GET /"),
    target("http:///b", "400 malformed_target"),
    target("http://user@a/", "400 malformed_target"),
    target("http://a:b/", "400 malformed_target"),
    target("ftp://a/", "400 malformed_target"),
    .init("9112 §3.2.3", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", "400 malformed_target"),
    .init("9112 §3.2.4", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS *"),
  ]

  private static func field(
    _ section: String, _ lines: String, _ outcome: String
  ) -> ParserVector {
    .init(section, "GET / HTTP/1.1\r\nHost: a\r\n\(lines)\r\n\r\n", outcome)
  }

  static let fields: [ParserVector] = [
    field("9112 §5", "A:b", "GET /"),
    field("9112 §5", "A: \t b \t", "GET /"),
    field("9112 §5", "A:", "GET /"),
    field("9112 §5", "A: é", "GET /"),
    field("9112 §5", "A", "400 malformed_header_field"),
    field("9112 §5", ": b", "400 malformed_header_field"),
    field("9112 §5.1", "A : b", "400 malformed_header_field"),
    field("9112 §5.1", "A\t: b", "400 malformed_header_field"),
    field("9110 §5.1", "A(: b", "400 malformed_header_field"),
    field("9110 §5.1", "é: b", "400 malformed_header_field"),
    field("9113 §8.3", ":path: b", "400 malformed_header_field"),
    field("9112 §5.2", "A: b\r\n c", "400 folded_header_field"),
    field("9112 §5.2", "A: b\r\n\tc", "400 folded_header_field"),
    field("9110 §10.1.1", "Expect: 100-continue", "GET /"),
    field("9110 §10.1.1", "Expect: 200-maybe", "417 unknown_expectation"),
    .init(
      "9110 §10.1.1",
      "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\nhi",
      "POST / expects", "body hi"),
    .init(
      "9110 §10.1.1", "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi",
      "POST / close", "body hi"),
  ]

  private static func host(_ lines: String, _ outcome: String) -> ParserVector {
    .init("9112 §3.2", "GET / HTTP/1.1\r\n\(lines)\r\n", outcome)
  }

  static let hosts: [ParserVector] = [
    host("", "400 missing_host"),
    host("Host: a\r\nHost: a\r\n", "400 repeated_host"),
    host("Host: a\r\nhOST: b\r\n", "400 repeated_host"),
    host("Host:\r\n", "400 malformed_host"),
    host("Host: a b\r\n", "400 malformed_host"),
    host("Host: a, b\r\n", "400 malformed_host"),
    host("Host: a/b\r\n", "400 malformed_host"),
    host("Host: u@a\r\n", "400 malformed_host"),
    host("Host: :80\r\n", "400 malformed_host"),
    host("Host: a:8x\r\n", "400 malformed_host"),
    host("Host: [::1\r\n", "400 malformed_host"),
    host("Host: [::1]:80\r\n", "GET /"),
    host("Host: a.example:8080\r\n", "GET /"),
  ]

  private static func length(_ lines: String, _ outcomes: String...) -> ParserVector {
    let text = "POST / HTTP/1.1\r\nHost: a\r\n\(lines)\r\n\r\nhello"
    return .init("9112 §6", Array(text.utf8), outcomes)
  }

  static let lengths: [ParserVector] = [
    length("Content-Length: 5", "POST /", "body hello"),
    length("Content-Length: 005", "POST /", "body hello"),
    length("Content-Length: 4", "POST /", "body hell", "incomplete"),
    length("Content-Length: 6", "POST /", "incomplete"),
    length("Content-Length: +5", "400 malformed_content_length"),
    length("Content-Length: -5", "400 malformed_content_length"),
    length("Content-Length: 5 5", "400 malformed_content_length"),
    length("Content-Length: 5, 5", "400 malformed_content_length"),
    length("Content-Length: 0x5", "400 malformed_content_length"),
    length("Content-Length: ٥", "400 malformed_content_length"),
    length("Content-Length:", "400 malformed_content_length"),
    length("Content-Length: 9223372036854775808", "400 malformed_content_length"),
    length("Content-Length: 99999999999999999999999", "400 malformed_content_length"),
    length("Content-Length: 9223372036854775807", "413 body_too_large"),
    length("Content-Length: 33", "413 body_too_large"),
    length("Content-Length: 5\r\nContent-Length: 5", "400 repeated_content_length"),
    length("Content-Length: 5\r\nContent-Length: 6", "400 repeated_content_length"),
    length("Content-Length: 5\r\nTransfer-Encoding: chunked", "400 conflicting_body_length"),
    length("Transfer-Encoding: gzip", "501 unsupported_transfer_encoding"),
    length("Transfer-Encoding: gzip, chunked", "501 unsupported_transfer_encoding"),
    length("Transfer-Encoding: chunked, chunked", "501 unsupported_transfer_encoding"),
    length("Transfer-Encoding: xchunked", "501 unsupported_transfer_encoding"),
    length("Transfer-Encoding: \"chunked\"", "501 unsupported_transfer_encoding"),
    length(
      "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
      "501 unsupported_transfer_encoding"),
    .init(
      "9112 §6.1", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "400 transfer_encoding_in_http_1_0"),
  ]

  private static func chunked(_ body: String, _ outcomes: String...) -> ParserVector {
    let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"
    return .init("9112 §7.1", Array((head + body).utf8), ["POST /"] + outcomes)
  }

  static let chunks: [ParserVector] = [
    chunked("5\r\nhello\r\n0\r\n\r\n", "body hello"),
    chunked("2\r\nhe\r\n003\r\nllo\r\n00\r\n\r\n", "body hello"),
    chunked("A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", "body 01234567890123456789"),
    chunked("5;a=b;c=\"d\"\r\nhello\r\n0;x\r\n\r\n", "body hello"),
    chunked("0\r\nA: b\r\nC: d\r\n\r\n"),
    chunked("0\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n", "GET /b"),
    chunked("5\r\nhell", "incomplete"),
    chunked("+5\r\nhello\r\n", "400 malformed_chunk"),
    chunked("-5\r\nhello\r\n", "400 malformed_chunk"),
    chunked("0x5\r\nhello\r\n", "400 malformed_chunk"),
    chunked(" 5\r\nhello\r\n", "400 malformed_chunk"),
    chunked("5 \r\nhello\r\n", "400 malformed_chunk"),
    chunked("\r\nhello\r\n", "400 malformed_chunk"),
    chunked(";a\r\nhello\r\n", "400 malformed_chunk"),
    chunked("g\r\n", "400 malformed_chunk"),
    chunked("FFFFFFFFFFFFFFFF\r\n", "400 malformed_chunk"),
    chunked("8000000000000000\r\n", "400 malformed_chunk"),
    chunked("00000000000000005\r\nhello\r\n", "400 malformed_chunk"),
    chunked("7FFFFFFFFFFFFFFF\r\n", "413 body_too_large"),
    chunked("21\r\n", "413 body_too_large"),
    chunked("20\r\n\(repeated("x", 32))\r\n1\r\n", "413 body_too_large"),
    chunked("5\r\nhelloo\r\n", "400 malformed_chunk"),
    chunked("5\r\nhello\n0\r\n\r\n", "400 malformed_chunk"),
    chunked("5\r\nhello\r0\r\n\r\n", "400 malformed_chunk"),
    chunked("5\nhello\r\n", "400 bare_line_terminator"),
    chunked("5;\u{1}\r\nhello\r\n", "400 control_byte"),
    chunked("1;\(repeated("x", 60))", "400 chunk_extensions_too_large"),
    chunked(
      "1;xxxxxxxxxx\r\na\r\n1;xxxxxxxxxx\r\na\r\n1;xx\r\na", "400 chunk_extensions_too_large"),
    chunked("0\r\nA : b\r\n\r\n", "400 malformed_header_field"),
    chunked("0\r\n A: b\r\n\r\n", "400 folded_header_field"),
    chunked("0\r\nA: \(repeated("x", 60))", "431 trailers_too_large"),
    chunked("0\r\n\(repeated("A: 345678\r\n", 5))", "431 trailers_too_large"),
  ]

  static let limits: [ParserVector] = [
    .init(
      "9112 §3", "GET /\(repeated("a", 50)) HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET /\(repeated("a", 50))"),
    .init("9112 §3", "GET /\(repeated("a", 51)) HTTP/1.1\r\n", "414 request_line_too_long"),
    .init("9112 §3", "GET /\(repeated("a", 500))", "414 request_line_too_long"),
    .init("9112 §3", repeated("A", 65), "414 request_line_too_long"),
    .init(
      "6585 §5", "GET / HTTP/1.1\r\nHost: a\r\nA: \(repeated("b", 300))",
      "431 header_block_too_large"),
    .init(
      "6585 §5",
      "GET / HTTP/1.1\r\nHost: a\r\nA: \(repeated("b", 120))\r\nB: \(repeated("b", 120))"
        + "\r\n", "431 header_block_too_large"),
    .init(
      "6585 §5", "GET / HTTP/1.1\r\nHost: a\r\n\(repeated("A: b\r\n", 5))\r\n", "GET /"),
    .init(
      "6585 §5", "GET / HTTP/1.1\r\nHost: a\r\n\(repeated("A: b\r\n", 6))\r\n",
      "431 too_many_header_fields"),
  ]
}
