import ControlPlane
import Foundation
import ModelFormats
import ModelInputs
import PersonalizationService
import Pruning
import ServiceAPI
import SparseRuntime
import TestSupport
import Testing

@Suite struct PredictionRoutesTests {
  /// A published model and what it is, read from its download.
  private struct Published {
    let id: String
    let model: PackedModel

    init(_ server: TestService, _ body: JSONValue = JobBody.quick, user: String = "ada") throws {
      let job = try server.jobs.wait(server.jobs.submit(body, user: user).id)
      id = try #require(job.resultModel)
      model = try PackedModel(data: server.client.get("/models/\(id)").body)
    }

    var preprocessing: Preprocessing { model.description.preprocessing }

    /// The answer that the runtime gives here.
    func expected(_ input: [Float], top: Int = 5) throws -> PredictionResource {
      let best = try Session(model: model, batchCapacity: 1)
        .predict(images: input, count: 1, labels: model.description.labels, top: top)
      return PredictionResource(
        model: id,
        classes: best.joined().map {
          PredictionResource.Entry(
            label: $0.label, index: $0.index, probability: Double($0.probability))
        })
    }

    /// The network's input for grey pixels of its size, by its formula.
    func input(_ pixels: [UInt8]) -> [Float] {
      pixels.map {
        (Float($0) / 255 - preprocessing.mean[0]) / preprocessing.standardDeviation[0]
      }
    }

    /// Posts an image.
    func predict(
      _ client: HTTPClient, _ body: [UInt8], type: String?, query: String = "",
      fields: [(String, String)] = []
    ) throws -> HTTPClient.Reply {
      try client.send(
        "POST", "/models/\(id)/predictions\(query)",
        fields: fields + (type.map { [("Content-Type", $0)] } ?? []), body: Data(body))
    }

    func predict(_ client: HTTPClient, json: String, query: String = "") throws
      -> HTTPClient.Reply
    {
      try predict(client, Array(json.utf8), type: "application/json", query: query)
    }
  }

  /// A bright square in the middle or in a corner of 28x28 pixels.
  private static func picture(middle: Bool, side: Int = 28) -> [UInt8] {
    (0..<side * side).map { position in
      let (y, x) = (position / side * 8 / side, position % side * 8 / side)
      let inside = middle ? (2..<6).contains(y) && (2..<6).contains(x) : y < 4 && x < 4
      return UInt8((inside ? 150 : 50) + position % 13)
    }
  }

  private static func png(middle: Bool, side: Int = 28) -> [UInt8] {
    Pictures.png(
      width: side, height: side, channels: 1, pixels: picture(middle: middle, side: side))
  }

  private static func tensor(_ values: [Float]) -> String {
    #"{"tensor": [\#(values.map(\.description).joined(separator: ","))]}"#
  }

  @Test func picturesAndTensorsAreAnsweredAsByASession() throws {
    let server = try TestService()
    let model = try Published(server)
    #expect(model.model.description.labels == ["top left", "middle"])
    for middle in [true, false] {
      let label = middle ? "middle" : "top left"
      // Of the network's size: nothing but the stated formula is done to it.
      let small = Self.picture(middle: middle, side: 8)
      let expected = try model.expected(model.input(small))
      #expect(expected.classes.first?.label == label)
      let png = try model.predict(
        server.client, Self.png(middle: middle, side: 8), type: "image/png")
      #expect(png.status == 200)
      #expect(png["Content-Type"] == "application/json")
      #expect(try png.decode() == expected)
      let timing = try #require(png["Server-Timing"])
      #expect(try timing.wholeMatch(of: Regex(#"decode;dur=[0-9.]+, run;dur=[0-9.]+"#)) != nil)

      let flat = try model.predict(server.client, json: Self.tensor(model.input(small)))
      #expect(try flat.decode() == expected)
      let rows = (0..<8).map {
        "[\(model.input(small)[$0 * 8..<$0 * 8 + 8].map(\.description).joined(separator: ","))]"
      }
      let nested = try model.predict(
        server.client, json: #"{"tensor": [[\#(rows.joined(separator: ","))]]}"#)
      #expect(try nested.decode() == expected)

      // Larger: brought to size as in evaluation.
      let pixels = Self.picture(middle: middle)
      let pictures = [
        ("image/png", Self.png(middle: middle)),
        ("IMAGE/JPEG ; q=1", try Pictures.jpeg(width: 28, height: 28, channels: 1, pixels: pixels)),
        (
          "image/jpeg",
          try Pictures.jpeg(
            width: 28, height: 28, channels: 3, pixels: pixels.flatMap { [$0, $0, $0] })
        ),
      ]
      for (type, bytes) in pictures {
        let input = try model.preprocessing.input(picture: bytes, name: "", mostPixels: 784)
        let reply = try model.predict(server.client, bytes, type: type)
        #expect(try reply.decode() == model.expected(input), "\(type)")
        #expect(try reply.decode(PredictionResource.self).classes.first?.label == label)
      }
    }
    let one = try model.predict(
      server.client, Self.png(middle: true, side: 8), type: "image/png", query: "?top=1")
    #expect(
      try one.decode()
        == model.expected(model.input(Self.picture(middle: true, side: 8)), top: 1))
  }

  @Test func whatCannotBeClassifiedIsRefused() throws {
    let server = try TestService { $0.predictionBodyLimit = 200_000 }
    let model = try Published(server)
    let png = Self.png(middle: true)
    func check(
      _ reply: HTTPClient.Reply, _ status: Int, _ code: String, param: String? = nil,
      says text: String? = nil
    ) {
      #expect(reply.status == status, "\(reply.text)")
      #expect(reply["Content-Type"] == "application/problem+json")
      #expect(reply.code == code)
      #expect(reply.param == param)
      if let text { #expect(reply.detail.contains(text), "\(reply.detail)") }
    }
    // What kind of body it is.
    for type in ["text/plain", "image", "application/xml", "video/mp4"] {
      check(
        try model.predict(server.client, png, type: type), 415, "unsupported_media_type",
        says: "image/png")
    }
    let coded = try model.predict(
      server.client, png, type: "image/png", fields: [("Content-Encoding", "gzip")])
    check(coded, 415, "unsupported_content_encoding", says: "gzip")
    #expect(coded["Accept-Encoding"] == "identity")
    for top in ["0", "101", "-1", "x", ""] {
      check(
        try model.predict(server.client, png, type: "image/png", query: "?top=\(top)"), 422,
        "invalid_field", param: "top")
    }
    // Pictures.
    let corrupt = Array(png.dropLast(30))
    for bytes in [[], Array("no picture".utf8), Pictures.signature, corrupt] {
      check(
        try model.predict(server.client, bytes, type: "image/png"), 422, "undecodable_image")
    }
    let bomb =
      Pictures.signature + Pictures.header(width: 8000, height: 8000, type: 0)
      + Pictures.chunk("IDAT", [1, 2, 3]) + Pictures.chunk("IEND", [])
    check(
      try model.predict(server.client, bomb, type: "image/png"), 422, "image_too_large",
      says: "8000x8000")
    let wide =
      Pictures.signature + Pictures.header(width: 1 << 30, height: 1, type: 0)
      + Pictures.chunk("IDAT", [1, 2, 3])
    check(try model.predict(server.client, wide, type: "image/png"), 422, "undecodable_image")
    check(
      try model.predict(server.client, [UInt8](repeating: 0, count: 200_001), type: "image/png"),
      413, "body_too_large")
    // Tensors.
    let numbers = [Float](repeating: 0, count: 64)
    let texts: [(String, Int, String, String?)] = [
      ("", 400, "malformed_json", nil), ("{", 400, "malformed_json", nil),
      (#"{"tensor": [NaN]}"#, 400, "malformed_json", nil),
      (#"{"tensor": [1e999]}"#, 400, "malformed_json", nil),
      ("[]", 422, "invalid_field", nil), ("{}", 422, "missing_field", "tensor"),
      (#"{"image": 1}"#, 422, "invalid_field", "image"),
      (#"{"image": "%"}"#, 422, "invalid_field", "image"),
      (#"{"image": "data:image/png,x"}"#, 422, "invalid_field", "image"),
      (#"{"image": ""}"#, 422, "undecodable_image", nil),
      (#"{"image": "aGVsbG8="}"#, 422, "undecodable_image", nil),
      (#"{"image": "aGVsbG8=", "tensor": [1]}"#, 422, "invalid_field", "tensor"),
      (#"{"image": "aGVsbG8=", "image": ""}"#, 400, "malformed_json", nil),
      (#"{"tensor": 1}"#, 422, "invalid_field", "tensor"),
      (#"{"tensor": null}"#, 422, "invalid_field", "tensor"),
      (#"{"tensor": [1, "2"]}"#, 422, "invalid_field", "tensor.1"),
      (#"{"tensor": [1, null]}"#, 422, "invalid_field", "tensor.1"),
      (#"{"tensor": [[[1, [2]]]]}"#, 422, "invalid_field", "tensor.0.0.1"),
      (Self.tensor(Array(numbers.dropLast())), 422, "tensor_shape", "tensor"),
      (Self.tensor(numbers + [0]), 422, "tensor_shape", "tensor"),
      (Self.tensor(numbers.map { _ in 3e38 }), 422, "scores_not_finite", nil),
      ("[" + String(repeating: "[", count: 100_000), 422, "invalid_field", nil),
      (
        #"{"tensor": "# + String(repeating: "[", count: 100_000), 422, "invalid_field",
        "tensor.0.0.0"
      ),
      (#"{"tensor": [1], "tensor": [1]}"#, 422, "tensor_shape", "tensor"),
      (#"{"tensor": []}"#, 422, "tensor_shape", "tensor"),
      (#"{"tensor": [[[1, 2]]]}"#, 422, "tensor_shape", "tensor"),
      (#"{"tensor": [[], []]}"#, 422, "tensor_shape", "tensor"),
      (
        Self.tensor(numbers).replacingOccurrences(of: "}", with: #", "top": 3}"#), 422,
        "unknown_field", "top"
      ),
      (Self.tensor(Array(numbers.dropLast()) + [.infinity]), 400, "malformed_json", nil),
      (
        Self.tensor(numbers).replacingOccurrences(of: "0.0]", with: "1e39]"), 422,
        "invalid_field", "tensor"
      ),
    ]
    for (text, status, code, param) in texts {
      let reply = try model.predict(server.client, json: text)
      check(reply, status, code, param: param)
      if code == "tensor_shape" { #expect(reply.json["shape"] == [1, 8, 8]) }
    }
    // Places.
    let unknown = try server.client.send(
      "POST", "/models/model_0123456789abcdef01234567/predictions",
      fields: [("Content-Type", "image/png")], body: Data(png))
    check(unknown, 404, "not_found")
    let get = try server.client.get("/models/\(model.id)/predictions")
    #expect(get.status == 405)
    #expect(get["Allow"] == "OPTIONS, POST")
    // And after all of that it still answers.
    #expect(try model.predict(server.client, png, type: "image/png").status == 200)
  }

  /// What `curl -F`, requests' `files=`, browsers and libraries send of one picture.
  @Test func aPictureIsTakenHoweverItIsSent() throws {
    let server = try TestService()
    let model = try Published(server)
    let png = Self.png(middle: true, side: 8)
    let expected = try model.expected(model.input(Self.picture(middle: true, side: 8)))
    func form(_ head: String, _ content: [UInt8], others: String = "") -> [UInt8] {
      Array("--xyz\r\nContent-Disposition: form-data; \(head)\r\n\r\n".utf8) + content
        + Array("\r\n\(others)--xyz--\r\n".utf8)
    }
    let text = "--xyz\r\nContent-Disposition: form-data; name=\"top\"\r\n\r\n3\r\n"
    let base64 = Data(png).base64EncodedString()
    let lines = Data(png).base64EncodedString(options: [.lineLength76Characters])
      .replacingOccurrences(of: "\r\n", with: "\\n")
    let tensor = Self.tensor(model.input(Self.picture(middle: true, side: 8)))
    let multipart = "multipart/form-data; boundary=xyz"
    let bodies: [(type: String?, body: [UInt8])] = [
      ("image/jpg", png), ("image/gif", png), ("image/x-png", png), (nil, png), (";image/png", png),
      ("application/octet-stream", png), ("application/x-www-form-urlencoded", png),
      ("binary/octet-stream", png), ("application/octet-stream", Array(" \n\(tensor)".utf8)),
      (nil, Array(tensor.utf8)),
      ("application/json", Array(#"{"image": "\#(base64)"}"#.utf8)),
      (nil, Array(#"{"image": "\#(lines)"}"#.utf8)),
      ("application/json", Array(#"{"image": "data:image/png;base64,\#(base64)"}"#.utf8)),
      (
        multipart,
        form("name=\"image\"; filename=\"a;b\\\".png\"\r\nContent-Type: image/png", png)
      ),
      ("Multipart/Form-Data; charset=x; Boundary=\"xyz\"", form("name=\"f\"; filename=\"x\"", png)),
      (
        multipart,
        form("name=\"file\"; filename=\"\"\r\nContent-Type: text/plain", png, others: text)
      ),
      (multipart, form("name=\"file\"", png)),
      (
        multipart,
        form("name=\"j\"; filename=\"j\"\r\ncontent-type: application/json", Array(tensor.utf8))
      ),
    ]
    for (type, body) in bodies {
      let reply = try model.predict(server.client, body, type: type)
      #expect(reply.status == 200, "\(type ?? "none"): \(reply.text)")
      #expect(try reply.decode() == expected, "\(type ?? "none")")
    }
    let two = form(
      "name=\"a\"; filename=\"a\"", png,
      others: "--xyz\r\nContent-Disposition: form-data; name=\"b\"; filename=\"b\"\r\n\r\nx\r\n")
    for (type, body, status, code) in [
      (multipart, two, 422, "invalid_field"),
      (multipart, Array("--xyz--\r\n".utf8), 422, "invalid_field"),
      (multipart, png, 400, "malformed_form"), (multipart, [], 400, "malformed_form"),
      (multipart, form("name=\"a\"", png).dropLast(9) + [], 400, "malformed_form"),
      ("multipart/form-data", png, 400, "malformed_form"),
      (multipart, form("name=\"a\"; filename=\"a\"", Array("x".utf8)), 422, "undecodable_image"),
      (nil, Array("hello".utf8), 422, "undecodable_image"),
    ] as [(String?, [UInt8], Int, String)] {
      let reply = try model.predict(server.client, body, type: type)
      #expect(reply.status == status && reply.code == code, "\(type ?? "none"): \(reply.text)")
    }
  }

  @Test func manyRequestsOnTwoModelsAreAnsweredRight() throws {
    let server = try TestService()
    let models = [
      try Published(server),
      try Published(server, JobBody.body(classes: ["café", "bottom right", "top right"], seed: 3)),
    ]
    let small = Self.picture(middle: true, side: 8)
    let png = Self.png(middle: true, side: 8)
    let expected = try models.map { try $0.expected($0.input(small)) }
    let tensors = models.map { Self.tensor($0.input(small)) }
    let client = server.client
    let answers = try Crowd.run(32) { index in
      let model = models[index % 2]
      let reply =
        index % 4 < 2
        ? try model.predict(client, png, type: "image/png")
        : try model.predict(client, json: tensors[index % 2])
      return try reply.decode(PredictionResource.self)
    }
    #expect(answers == (0..<32).map { expected[$0 % 2] })
    #expect(try server.stopAndCheck().isHealthy)
  }

  @Test func aJobThatRunsDoesNotHoldPredictionsUp() throws {
    let server = try TestService()
    let model = try Published(server)
    let job = try server.jobs.submit(JobBody.endless, user: "grace")
    try server.jobs.waitUntilRunning(job.id)
    #expect(
      try model.predict(server.client, Self.png(middle: true), type: "image/png").status == 200)
    #expect(try server.jobs.job(job.id).status == "running")
  }

  @Test func aDeletedModelAnswersNoMore() throws {
    let server = try TestService()
    let model = try Published(server, user: "ada")
    #expect(try Published(server, user: "grace").id == model.id)
    let png = Self.png(middle: true)
    func status() throws -> Int { try model.predict(server.client, png, type: "image/png").status }
    #expect(try status() == 200)
    #expect(try server.client.send("DELETE", "/users/ada").status == 204)
    #expect(try status() == 200, "grace still has it")
    #expect(try server.client.send("DELETE", "/users/grace").status == 204)
    #expect(try status() == 404)
    let again = try Published(server, user: "ada")
    #expect(again.id != model.id)
    #expect(try again.predict(server.client, png, type: "image/png").status == 200)
  }

  @Test func aModelBeyondTheMemoryIsRefused() throws {
    let server = try TestService { $0.predictionMemory = 1000 }
    let model = try Published(server)
    let reply = try model.predict(server.client, Self.png(middle: true), type: "image/png")
    #expect(reply.status == 507)
    #expect(reply.code == "model_exceeds_memory")
    #expect(reply.detail.contains("--prediction-memory"))
  }
}
