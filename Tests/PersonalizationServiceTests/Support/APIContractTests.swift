import Foundation
import ServiceAPI
import Testing

/// The check that all API tests go through finds what contradicts the document.
@Suite struct APIContractTests {
  private func violations(
    _ target: String, method: String = "GET", status: Int = 200,
    type: String = "application/json", fields: [(String, String)] = [], _ body: JSONValue
  ) throws -> [String] {
    let reply = HTTPClient.Reply(
      status: status, fields: [("Content-Type", type)] + fields.map { (name: $0.0, value: $0.1) },
      body: try JSONEncoder().encode(body))
    return APIContract.shared.violations(method: method, target: target, reply: reply)
  }

  private static let empty: JSONValue = [
    "object": "list", "data": [], "has_more": false, "last_id": nil,
  ]
  private static let problem: JSONValue = [
    "type": "about:blank", "title": "Not Found", "status": 404, "code": "not_found",
    "request_id": "1",
  ]

  @Test func whatIsDescribedPasses() throws {
    #expect(try violations("/jobs", Self.empty) == [])
    #expect(try violations("/jobs?limit=5", Self.empty) == [])
    #expect(
      try violations(
        "/jobs/job_1", status: 404, type: "application/problem+json", Self.problem) == [])
    #expect(
      try violations("/nowhere", status: 404, type: "application/problem+json", Self.problem)
        == [])
  }

  @Test func whatIsNotDescribedIsFound() throws {
    #expect(try violations("/nowhere", Self.empty).count == 1)
    #expect(try violations("/jobs", method: "PUT", Self.empty).count == 1)
    #expect(try violations("/jobs", status: 201, Self.empty).count == 1)
    #expect(try violations("/jobs", type: "text/html", Self.empty).count == 1)
    #expect(
      try violations("/jobs", ["object": "list", "data": [], "has_more": false]).count == 1)
    #expect(
      try violations(
        "/jobs", ["object": "list", "data": [], "has_more": 0, "last_id": nil, "more": 1]
      ).count == 2)
    #expect(
      try violations("/jobs/job_1", status: 404, Self.problem).contains {
        $0.contains("application/json")
      })
  }

  @Test(arguments: [
    ("code", #""no_such_code""#), ("status", "409"), ("request_id", "null"), ("extra", "1"),
    ("known", #"["a",1]"#),
  ])
  func problemsAreChecked(member: String, value: String) throws {
    guard case .object(var members) = Self.problem else { return }
    members[member] = try JSONDecoder().decode(JSONValue.self, from: Data(value.utf8))
    #expect(
      try violations(
        "/jobs/job_1", status: 404, type: "application/problem+json", .object(members)
      ).count >= 1)
  }

  @Test func headersAreChecked() throws {
    let image = "/models/model_000000000000000000000000"
    for (name, value) in [("ETag", "\"short\""), ("Accept-Ranges", "none")] {
      #expect(
        try violations(
          image, type: "application/octet-stream", fields: [(name, value)], .null
        ).count == 1)
    }
  }

  @Test(arguments: [
    (#"{"type":"integer","minimum":1}"#, "1", "0"), (#"{"type":"integer"}"#, "2.0", "2.5"),
    (#"{"exclusiveMinimum":0}"#, "0.1", "0"), (#"{"exclusiveMaximum":1}"#, "0.9", "1"),
    (#"{"maximum":1}"#, #""text""#, "2"), (#"{"enum":["a",null]}"#, "null", #""b""#),
    (#"{"const":"a"}"#, #""a""#, #""A""#), (#"{"pattern":"^a+$"}"#, #""aa""#, #""ab""#),
    (#"{"minLength":1,"maxLength":2}"#, #""éé""#, #""""#), (#"{"maxLength":2}"#, "7", #""abc""#),
    (#"{"minItems":1,"maxItems":2,"items":{"type":"string"}}"#, #"["a"]"#, "[1]"),
    (#"{"minItems":1}"#, "[1]", "[]"), (#"{"required":["a"]}"#, #"{"a":1}"#, "{}"),
    (#"{"minProperties":1,"maxProperties":1}"#, #"{"a":1}"#, #"{"a":1,"b":2}"#),
    (#"{"additionalProperties":{"type":"number"}}"#, #"{"a":1}"#, #"{"a":"x"}"#),
    (
      #"{"properties":{"a":{"type":"null"}},"additionalProperties":false}"#, #"{"a":null}"#,
      #"{"b":1}"#
    ),
    (#"{"oneOf":[{"type":"string"},{"type":"null"}]}"#, "null", "1"),
    (#"{"oneOf":[{"type":"number"},{"minimum":0}]}"#, "-1", "1"),
    (#"{"type":["boolean","null"]}"#, "true", "0"),
    (##"{"$ref":"#/components/schemas/JobStatus"}"##, #""queued""#, #""lost""#),
    (#"{"description":"x"}"#, "1", "no schema"), (#"{}"#, "1", "no schema"),
  ])
  func schemas(schema: String, good: String, bad: String) throws {
    func value(_ text: String) throws -> JSONValue {
      try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
    }
    let checker = APIContract.shared.checker
    #expect(checker.errors(try value(good), try value(schema)) == [])
    guard bad != "no schema" else { return }
    #expect(checker.errors(try value(bad), try value(schema)).count >= 1)
  }

  @Test func unknownKeywordsAndReferencesAreErrors() {
    let checker = APIContract.shared.checker
    #expect(checker.errors(1, ["multipleOf": 1]).count == 1)
    #expect(checker.errors(1, ["$ref": "#/components/schemas/Nothing"]).count == 1)
    #expect(checker.errors(1, true).count == 1)
  }
}
