import Foundation
import ServiceAPI
import TestSupport

/// One request of an operation of openapi.json: what the document says may be in its path, query,
/// fields and body, with values that programs break on.
struct HostileRequest {
  /// What there is to ask for.
  struct World {
    let users: [String]
    let jobs: [String]
    let models: [String]
    /// One that nobody misses.
    let spareModel: String
    /// The finished one of the jobs: an event stream of another would not end.
    let finishedJob: String
  }

  let method: String
  let target: String
  var fields: [(String, String)] = []
  var body: Data?
  /// Whether its path names things that there are.
  let isPlain: Bool

  private static let fieldValues: [String: [String]] = [
    "range": [
      "bytes=0-0", "bytes=-1", "bytes=5-", "bytes=9223372036854775807-", "bytes=1-0", "bytes=-0",
      "bytes=0-0,2-2,-1", "bytes=" + String(repeating: "0-0,", count: 300) + "1-1",
      "bytes=0-99999999999999999999", "items=0-1", "bytes=",
    ],
    "accept": [
      "*/*", "text/html", "application/vnd.onnx", "application/vnd.safetensors;q=1e308", "q=,;/",
      "application/json;q=nan", "*/*;q=-1", "image/*",
    ],
    "accept-encoding": [
      "gzip", "gzip;q=0", "*;q=0", "identity;q=0, gzip;q=1e308", "br, ;q=", "\u{1}",
    ],
    "last-event-id": ["", "0", "1", "9223372036854775807", "-1", "1e3", "x"],
    "origin": ["null", "https://example.org", "http://127.0.0.1", "x"],
  ]
  private static let tags = [
    "*", "\"\"", "W/\"x\"", "\"x\", \"y\"", "x", "Mon, 99 Foo 2026 99:99:99 GMT",
  ]

  init(_ operation: APIContract.Operation, in world: World, json: inout HostileJSON) {
    let contract = APIContract.shared
    let item = contract.document["paths"]?[operation.path] ?? .null
    let details = item[operation.method.lowercased()] ?? .null
    var isPlain = true
    method = operation.method == "GET" && json.chance(0.1) ? "HEAD" : operation.method
    var job = world.finishedJob
    let path = operation.path.split(separator: "/").map { part -> String in
      guard part.hasPrefix("{") else { return String(part) }
      guard json.chance(0.7) else {
        isPlain = false
        return (json.chance(0.3) ? json.number() : json.text()).encoded
      }
      switch part {
      // Who is forgotten takes models along: nobody whom the others need.
      case "{user}" where operation.method == "DELETE": return "guest\(json.pick([1, 2, 3]))"
      case "{user}": return json.pick(world.users).encoded
      case "{job}":
        job = json.pick(world.jobs)
        return job
      case "{model}" where operation.method == "DELETE": return world.spareModel
      case "{model}": return json.pick(world.models)
      case "{revision}": return "main"
      case "{file}":
        return operation.path.hasPrefix("/assets")
          ? json.pick(["page.css", "page.js", "x"])
          : json.pick(["README.md", "card.json", "config.json", "model.crisp.safetensors", "x"])
      default: return json.text().encoded
      }
    }.joined(separator: "/")
    self.isPlain = isPlain

    var query: [String] = []
    let listed = [item, details].flatMap { holder -> [JSONValue] in
      guard case .array(let list)? = holder["parameters"] else { return [] }
      return list.compactMap(contract.checker.resolve)
    }
    for parameter in listed where json.chance(0.3) {
      guard let name = parameter["name"]?.text else { continue }
      switch parameter["in"]?.text {
      case "query":
        let schema = contract.checker.resolve(parameter["schema"] ?? .null) ?? .null
        var value = json.chance(0.5) ? json.number() : json.text()
        if case .array(let choices)? = schema["enum"], json.chance(0.7) {
          value = json.pick(choices).text ?? value
        }
        query.append("\(name)=\(value.encoded)")
      case "header":
        fields.append(
          (name, json.pick(Self.fieldValues[name.lowercased()] ?? Self.tags)))
      default: break
      }
    }
    if json.chance(0.05) { query += query + ["x=\(json.text().encoded)"] }
    target = "/\(path)" + (query.isEmpty ? "" : "?\(query.joined(separator: "&"))")
    for (name, values) in Self.fieldValues.sorted(by: { $0.key < $1.key }) where json.chance(0.1) {
      fields.append((name, json.pick(values)))
    }
    if operation.path.hasSuffix("/events"), job == world.finishedJob, json.chance(0.3) {
      fields.append(("Accept", "text/event-stream"))
    }
    addBody(of: details, json: &json)
  }

  private mutating func addBody(of details: JSONValue, json: inout HostileJSON) {
    guard case .object(let content)? = details["requestBody"]?["content"], !content.isEmpty else {
      if method != "GET", json.chance(0.1) { body = Data(json.text().utf8) }
      return
    }
    let type = json.pick(content.keys.sorted())
    switch type {
    case "application/json":
      let schema = content[type]?["schema"] ?? .object([:])
      body = Data(json.value(of: schema).utf8)
      // One that is all right, now and then.
      if details["operationId"] == "requestModel", json.chance(0.2) {
        body = Data(JSONWriting.bytes(JobBody.body(seed: json.generator.nextIndex(below: 100))))
      }
    case "application/x-www-form-urlencoded":
      let names = ["user", "base_model", "class", "sparsity", "weight-0", "weight-1", "class"]
      body = Data(
        names.filter { _ in json.chance(0.8) }
          .map { "\($0)=\((json.chance(0.5) ? json.number() : json.text()).encoded)" }
          .joined(separator: "&").utf8)
      fields.append(("Sec-Fetch-Site", "same-origin"))
    default:
      var bytes = Pictures.png(
        width: 8, height: 8, channels: 1, pixels: (0..<64).map { UInt8($0 * 3) })
      switch json.generator.nextIndex(below: 4) {
      case 0: bytes[json.generator.nextIndex(below: bytes.count)] ^= 0x55
      case 1: bytes = Array(bytes.prefix(json.generator.nextIndex(below: bytes.count)))
      case 2: bytes = Array(json.text().utf8)
      default: break
      }
      body = Data(bytes)
    }
    fields.append(("Content-Type", json.chance(0.9) ? type : json.pick(content.keys.sorted())))
  }
}
