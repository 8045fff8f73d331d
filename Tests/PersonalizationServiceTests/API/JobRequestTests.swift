import Foundation
import ServiceAPI
import Testing

@Suite struct JobRequestTests {
  private struct Refusal {
    let body: String
    let code: String
    let param: String?
    var status = 422
    var detail = ""
  }

  private func check(_ refusals: [Refusal], sourceLocation: SourceLocation = #_sourceLocation)
    throws
  {
    let server = try TestService()
    for refusal in refusals {
      let reply = try server.client.send(
        "POST", "/users/ada/classes", body: Data(refusal.body.utf8))
      let name: Comment = "\(refusal.body.prefix(120)) answered \(reply.text.prefix(300))"
      #expect(reply.status == refusal.status, name, sourceLocation: sourceLocation)
      #expect(reply.code == refusal.code, name, sourceLocation: sourceLocation)
      #expect(reply.param == refusal.param, name, sourceLocation: sourceLocation)
      #expect(
        refusal.detail.isEmpty || reply.detail.contains(refusal.detail), name,
        sourceLocation: sourceLocation)
      #expect(
        reply["Content-Type"] == "application/problem+json", name, sourceLocation: sourceLocation)
      #expect(reply.json["request_id"]?.text != nil, name, sourceLocation: sourceLocation)
    }
    #expect(
      try server.client.get("/users/ada").status == 404, "a refused request left something",
      sourceLocation: sourceLocation)
    #expect(try server.client.get("/jobs").decode(ListResource<JobResource>.self).data.isEmpty)
  }

  @Test func bodiesThatAreNoJSONAreMalformed() throws {
    let code = "malformed_json"
    try check([
      Refusal(body: "", code: code, param: nil, status: 400, detail: "empty"),
      Refusal(
        body: "{\"classes\": [\"a\",\n \"b\"", code: code, param: nil, status: 400,
        detail: "ends too early (line 2, byte 5)"),
      Refusal(
        body: "{\"classes\": }", code: code, param: nil, status: 400, detail: "(line 1, byte 13)"),
      Refusal(body: "{} {}", code: code, param: nil, status: 400, detail: "(line 1, byte 4)"),
      Refusal(
        body: "{\"classes\": [\"a\",]}", code: code, param: nil, status: 400, detail: "byte 18"),
      Refusal(
        body: "{\"classes\": [], \"classes\": []}", code: code, param: nil, status: 400,
        detail: "appears twice"),
      Refusal(body: "{'classes': []}", code: code, param: nil, status: 400),
      Refusal(body: "classes=a", code: code, param: nil, status: 400),
      Refusal(body: "{\"classes\": [\"a\u{1}\"]}", code: code, param: nil, status: 400),
      Refusal(
        body: String(repeating: "[", count: 100_000), code: code, param: nil, status: 400),
      Refusal(
        body: "{\"classes\": [\"top left\", {\"name\": \"middle\", \"weight\": 1e999}]}",
        code: code, param: nil, status: 400,
        detail: "too large for 64-bit floating point (line 1, byte 55)"),
      Refusal(
        body: "{\"metadata\": {\"note\": \"\\ud800\"}}", code: code, param: nil, status: 400,
        detail: "without the other half (line 1, byte 24)"),
      Refusal(body: "{\"\\ud800\": 1}", code: code, param: nil, status: 400),
    ])
    let server = try TestService()
    let reply = try server.client.send(
      "POST", "/users/ada/classes", body: Data([0x22, 0xFF, 0xFE, 0x22]))
    #expect(reply.status == 400)
    #expect(reply.code == code)
  }

  @Test func bodiesThatAreNoObjectAreRefused() throws {
    try check(
      ["[]", "null", "true", "1", "\"classes\""].map {
        Refusal(body: $0, code: "invalid_field", param: nil, detail: "object")
      })
  }

  @Test func classesAreChecked() throws {
    func refusal(_ classes: String, _ code: String, _ param: String, _ detail: String = "")
      -> Refusal
    {
      Refusal(body: "{\"classes\": \(classes)}", code: code, param: param, detail: detail)
    }
    func weight(_ weight: String) -> Refusal {
      refusal(
        "[\"top left\", {\"name\": \"middle\", \"weight\": \(weight)}]", "invalid_field",
        "classes[1].weight")
    }
    try check([
      Refusal(body: "{}", code: "missing_field", param: "classes"),
      refusal("null", "missing_field", "classes"),
      refusal("\"top left\"", "invalid_field", "classes"),
      refusal("{\"top left\": 1}", "invalid_field", "classes"),
      refusal("[]", "invalid_profile", "classes", "at least two"),
      refusal("[\"middle\"]", "invalid_profile", "classes", "at least two"),
      refusal("[\"middle\", \"top left\", \"middle\"]", "invalid_profile", "classes", "twice"),
      refusal("[\"middle\", 3]", "invalid_field", "classes[1]"),
      refusal("[\"middle\", null]", "invalid_field", "classes[1]"),
      refusal("[\"middle\", [\"top left\"]]", "invalid_field", "classes[1]"),
      refusal(
        "[\"middle\", \"\(String(repeating: "é", count: 129))\"]", "invalid_field", "classes[1]",
        "256"),
      refusal("[\"middle\", {}]", "invalid_field", "classes[1].name"),
      refusal("[\"middle\", {\"name\": 1}]", "invalid_field", "classes[1].name"),
      refusal(
        "[\"middle\", {\"name\": \"top left\", \"wieght\": 2}]", "unknown_field",
        "classes[1].wieght"),
      weight("0"), weight("-1"), weight("-0.0"), weight("\"2\""), weight("\"NaN\""),
      weight("1e10"), weight("1e308"), weight("true"), weight("[1]"), weight("{}"),
      refusal(
        "[{\"name\": \"top left\", \"weight\": 1e-5}, \"middle\"]", "invalid_profile", "classes",
        "10,000"),
      refusal(
        "[{\"name\": \"top left\", \"weight\": 1e9}, {\"name\": \"middle\", \"weight\": 5e-324}]",
        "invalid_profile", "classes", "10,000"),
    ])
  }

  @Test func everyUnknownClassIsNamedWithSuggestions() throws {
    let server = try TestService()
    let reply = try server.client.post(
      "/users/ada/classes", ["classes": ["Top-Left", "middle", "qqqqqqqqqqqqq", "botom right"]])
    #expect(reply.status == 422)
    #expect(reply.code == "unknown_class")
    #expect(reply.param == "classes")
    #expect(reply.json["unknown_classes"] == ["Top-Left", "qqqqqqqqqqqqq", "botom right"])
    #expect(
      reply.json["suggestions"]?["Top-Left"] == ["top left"], "\(reply.text)")
    #expect(reply.json["suggestions"]?["qqqqqqqqqqqqq"] == [])
    guard case .array(let nearest) = reply.json["suggestions"]?["botom right"] else {
      Issue.record("\(reply.text)")
      return
    }
    #expect(nearest.first == "bottom right")
    for name in ["Top-Left", "qqqqqqqqqqqqq", "botom right"] {
      #expect(reply.detail.contains("'\(name)'"))
    }
    // More names than the model has labels are refused before anything is looked up.
    let crowd = try server.client.post(
      "/users/ada/classes", ["classes": .array((0..<6).map { .string("botom \($0)") })])
    #expect(crowd.code == "invalid_profile")
    #expect(crowd.detail.contains("names 6 classes; the model knows only 5"))
    // An error repeats 256 bytes of what was sent, however many names there are.
    let long = try server.client.post(
      "/users/ada/classes",
      ["classes": .array((0..<5).map { .string("\($0)" + String(repeating: "é", count: 120)) })])
    #expect(long.code == "unknown_class")
    #expect(long.json["unknown_count"] == 5)
    guard case .array(let echoed) = long.json["unknown_classes"] else {
      Issue.record("\(long.text)")
      return
    }
    #expect(echoed.count == 5)
    #expect(echoed.reduce(0) { $0 + ($1.text?.utf8.count ?? 0) } <= 256)
    let odd = try server.client.post(
      "/users/ada/classes", ["classes": ["a\u{0}b", "\"'<>\\", "🤖", ""]])
    #expect(odd.json["unknown_classes"] == ["a\u{0}b", "\"'<>\\", "🤖", ""])
  }

  /// Whoever makes several mistakes learns of all of them.
  @Test func allThatIsWrongIsToldAtOnce() throws {
    let server = try TestService()
    let reply = try server.client.post(
      "/users/ada/classes",
      [
        "classes": ["midle"], "seed": -1, "priority": "urgent",
        "recipe": ["iterations": 0, "batch_sice": 3, "final_epochs": 1],
      ])
    #expect(reply.status == 422)
    // The first one's, for programs that look at one.
    #expect(reply.code == "invalid_profile" && reply.param == "classes")
    for part in [
      "at least two", "'midle' (did you mean 'middle'?)", "'seed'", "'priority'",
      "'recipe.batch_sice'", "'iterations'",
    ] {
      #expect(reply.detail.contains(part), "\(part): \(reply.detail)")
    }
    guard case .array(let problems) = reply.json["problems"] else {
      Issue.record("\(reply.text)")
      return
    }
    #expect(
      problems.map { $0["code"]?.text } == [
        "invalid_profile", "invalid_recipe", "invalid_recipe", "invalid_field", "invalid_field",
        "unknown_class",
      ])
    #expect(reply.json["unknown_classes"] == ["midle"])

    // However many there are, the answer is bounded.
    let fields = (0..<100).map { ("x\($0)" + String(repeating: "é", count: 10), JSONValue.null) }
    let many = try server.client.post(
      "/users/ada/classes",
      [
        "classes": [], "recipe": .object(Dictionary(uniqueKeysWithValues: fields)),
        "base_model": 1, "pattern": 1,
      ])
    #expect(many.status == 422)
    #expect(many.body.count < 16_384, "\(many.body.count)")
    // One alone looks as it did.
    let one = try server.client.post("/users/ada/classes", ["classes": ["middle"]])
    #expect(one.code == "invalid_profile" && one.json["problems"] == nil)
  }

  @Test func settingsAreChecked() throws {
    func refusal(_ members: String, _ code: String, _ param: String?) -> Refusal {
      Refusal(
        body: "{\"classes\": [\"top left\", \"middle\"], \"block\": 8, \(members)}", code: code,
        param: param)
    }
    let invalid = "invalid_field"
    try check([
      refusal("\"clases\": []", "unknown_field", "clases"),
      refusal("\"base_model\": \"nope\"", "unknown_base_model", "base_model"),
      refusal("\"base_model\": 1", invalid, "base_model"),
      refusal("\"pattern\": \"2:4\"", invalid, "pattern"),
      refusal("\"pattern\": {\"keep\": 4, \"of\": 4}", invalid, "pattern"),
      refusal("\"pattern\": {\"keep\": 2, \"of\": 8}", invalid, "pattern"),
      refusal("\"pattern\": {\"keep\": 0}", invalid, "pattern.keep"),
      refusal("\"pattern\": {\"keep\": 1.5}", invalid, "pattern.keep"),
      refusal("\"pattern\": {\"n\": 2}", "unknown_field", "pattern.n"),
      refusal("\"rows\": 3", invalid, "rows"),
      refusal("\"rows\": -1", invalid, "rows"),
      refusal("\"rows\": 9223372036854775808", invalid, "rows"),
      refusal("\"target\": 0.9", invalid, "target"),
      refusal("\"target\": {}", invalid, "target"),
      refusal("\"target\": {\"sparsity\": 0.8, \"bytes\": 1}", invalid, "target"),
      refusal("\"target\": {\"sparsity\": 1}", invalid, "target.sparsity"),
      refusal("\"target\": {\"sparsity\": 1.5}", invalid, "target.sparsity"),
      refusal("\"target\": {\"sparsity\": -0.1}", invalid, "target.sparsity"),
      refusal("\"target\": {\"sparsity\": \"0.9\"}", invalid, "target.sparsity"),
      refusal("\"target\": {\"sparsity\": null}", invalid, "target.sparsity"),
      refusal("\"target\": {\"sparsity\": 0.3}", "sparsity_out_of_reach", "target.sparsity"),
      refusal("\"target\": {\"sparsity\": 0.999}", "sparsity_out_of_reach", "target.sparsity"),
      refusal("\"target\": {\"bytes\": 0}", invalid, "target.bytes"),
      refusal("\"target\": {\"bytes\": 1000.5}", invalid, "target.bytes"),
      refusal("\"target\": {\"bytes\": 9223372036854775807}", invalid, "target.bytes"),
      refusal("\"target\": {\"macs\": 9223372036854775807}", invalid, "target.macs"),
      refusal("\"target\": {\"latency_ms\": 1e308}", invalid, "target.latency_ms"),
      refusal("\"target\": {\"bytes\": \"1 MB\"}", invalid, "target.bytes"),
      refusal("\"target\": {\"bytes\": null}", invalid, "target.bytes"),
      refusal("\"target\": {\"macs\": -1}", invalid, "target.macs"),
      refusal("\"target\": {\"macs\": 9223372036854775808}", invalid, "target.macs"),
      refusal("\"target\": {\"macs\": 100}", "target_out_of_reach", "target.macs"),
      refusal("\"target\": {\"latency_ms\": 0}", invalid, "target.latency_ms"),
      refusal("\"target\": {\"latency_ms\": \"1 ms\"}", invalid, "target.latency_ms"),
      refusal("\"target\": {\"latency_ms\": 1e-9}", "target_out_of_reach", "target.latency_ms"),
      refusal("\"target\": {\"flops\": 1}", "unknown_field", "target.flops"),
      refusal("\"min_accuracy\": 0", invalid, "min_accuracy"),
      refusal("\"min_accuracy\": 1.01", invalid, "min_accuracy"),
      refusal("\"min_accuracy\": \"0.9\"", invalid, "min_accuracy"),
      refusal("\"device\": \"phone\"", invalid, "device"),
      refusal("\"device\": 1", invalid, "device"),
      refusal(
        "\"target\": {\"latency_ms\": 1}, \"device\": \"phone\"", "unknown_device", "device"),
      refusal("\"target\": {\"cycles\": 0}", invalid, "target.cycles"),
      refusal("\"target\": {\"cycles\": 1.5}", invalid, "target.cycles"),
      refusal("\"target\": {\"cycles\": 1}", "target_out_of_reach", "target.cycles"),
      refusal("\"target\": {\"energy_uj\": 0}", invalid, "target.energy_uj"),
      refusal("\"target\": {\"energy_uj\": 1e13}", invalid, "target.energy_uj"),
      refusal("\"target\": {\"energy_uj\": 1e-6}", "target_out_of_reach", "target.energy_uj"),
      refusal("\"accelerator\": \"crisp-stc\"", invalid, "accelerator"),
      refusal(
        "\"target\": {\"cycles\": 1000000}, \"accelerator\": 1", invalid, "accelerator"),
      refusal(
        "\"target\": {\"cycles\": 1000000}, \"accelerator\": \"tpu\"", "unknown_accelerator",
        "accelerator"),
      refusal(
        "\"target\": {\"cycles\": 1000000}, \"recipe\": {\"accelerator\": \"dual-side\"}",
        "invalid_recipe", "recipe.accelerator"),
      refusal("\"epochs\": -1", invalid, "epochs"),
      refusal("\"epochs\": 1001", invalid, "epochs"),
      refusal("\"epochs\": \"1\"", invalid, "epochs"),
      refusal("\"seed\": -1", invalid, "seed"),
      refusal("\"seed\": 0.5", invalid, "seed"),
      refusal("\"seed\": 18446744073709551616", invalid, "seed"),
      refusal("\"seed\": \"1\"", invalid, "seed"),
      refusal("\"metadata\": []", invalid, "metadata"),
      refusal("\"metadata\": \"x\"", invalid, "metadata"),
      refusal(
        "\"metadata\": {\"x\": \"\(String(repeating: "x", count: 4096))\"}", invalid, "metadata"),
    ])
    try check([
      Refusal(
        body: "{\"classes\": [\"top left\", \"middle\"], \"block\": 12}", code: invalid,
        param: "block"),
      Refusal(
        body: "{\"classes\": [\"top left\", \"middle\"], \"block\": \"8\"}", code: invalid,
        param: "block"),
    ])
  }

  @Test func recipeOverridesAreChecked() throws {
    func refusal(_ recipe: String, _ param: String) -> Refusal {
      Refusal(
        body: """
          {"classes": ["top left", "middle"], "block": 8, "target": {"sparsity": 0.8},
          "recipe": \(recipe)}
          """, code: "invalid_recipe", param: param)
    }
    try check([
      refusal("[]", "recipe"), refusal("\"fast\"", "recipe"), refusal("1", "recipe"),
      refusal("{\"iteration\": 1}", "recipe.iteration"),
      refusal("{\"sparsity\": 0.5}", "recipe.sparsity"),
      refusal("{\"seed\": 1}", "recipe.seed"),
      refusal("{\"pattern\": {}}", "recipe.pattern"),
      refusal("{\"target\": {\"bytes\": 1}}", "recipe.target"),
      refusal("{\"min_accuracy\": 0.5}", "recipe.min_accuracy"),
      refusal("{\"device\": null}", "recipe.device"),
      refusal("{\"storage\": \"float8\"}", "recipe.storage"),
      refusal("{\"iterations\": \"8\"}", "recipe.iterations"),
      refusal("{\"iterations\": true}", "recipe.iterations"),
      refusal("{\"iterations\": 0}", "recipe.iterations"),
      refusal("{\"batch_size\": 1}", "recipe.batch_size"),
      refusal("{\"batch_size\": 65537}", "recipe.batch_size"),
      refusal("{\"learning_rate\": -0.1}", "recipe.learning_rate"),
      refusal("{\"temperature\": 0}", "recipe.temperature"),
      refusal("{\"temperature\": 1e-300}", "recipe.temperature"),
      refusal("{\"learning_rate\": 1e-300}", "recipe.learning_rate"),
      refusal(
        "{\"augmentation\": {\"flip\": true, \"shift\": 0, \"crop\": 1e-300}}",
        "recipe.augmentation.crop"),
      refusal("{\"iterations\": 1e300}", "recipe"),
      refusal("{\"samples_per_class\": 9223372036854775808}", "recipe"),
      refusal("{\"method\": [\(String(repeating: "1,", count: 2500))1]}", "recipe"),
      refusal("{\"distillation\": 1.1}", "recipe.distillation"),
      refusal("{\"growth\": \"quick\"}", "recipe.growth"),
      refusal("{\"augmentation\": {\"flip\": 1, \"shift\": 0}}", "recipe.augmentation.flip"),
      refusal("{\"augmentation\": {\"flip\": true, \"shift\": 65}}", "recipe.augmentation.shift"),
    ])
  }

  @Test func membersThatAreNullCountAsAbsent() throws {
    let server = try TestService()
    guard case .object(var members) = JobBody.quick else { return }
    for name in ["base_model", "pattern", "rows", "min_accuracy", "epochs", "metadata"] {
      members[name] = .null
    }
    let job = try server.jobs.submit(.object(members))
    #expect(try server.jobs.wait(job.id).status == "succeeded")
    #expect(try server.jobs.submit().id == job.id)
  }

  @Test func metadataComeBackAsTheyWere() throws {
    let server = try TestService()
    var nested: JSONValue = ["é 🤖": "\u{0}\u{1F}\"\\/", "n": -1.5e-7, "big": 9_007_199_254_740_993]
    for _ in 0..<6 { nested = [nested, nil] }
    let job = try server.jobs.submit(JobBody.body(and: ["metadata": ["nested": nested]]))
    #expect(job.metadata["nested"] == nested)
    #expect(try server.jobs.wait(job.id).metadata["nested"] == nested)
  }

  @Test func largeBodiesAreRefused() throws {
    let body = Data("{\"classes\": [\"\(String(repeating: "x", count: 300 << 10))\"]}".utf8)
    let server = try TestService()
    let reply = try server.client.send("POST", "/users/ada/classes", body: body)
    #expect(reply.status == 413)
    #expect(reply.code == "body_too_large")
    // The operator's limit holds where it is lower than the route's.
    let strict = try TestService { $0.http.limits.body = 100 }
    #expect(try strict.client.post("/users/ada/classes", JobBody.quick).status == 413)
  }
}
