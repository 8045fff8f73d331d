import Foundation
import ServiceAPI
import TestSupport
import Testing

/// What an operator does from day to day by commands, beside a running server.
@Suite struct DailyCommandTests {
  private let folder: TemporaryFolder
  private let database: String

  init() throws {
    folder = try TemporaryFolder()
    database = folder.file("crisp.sqlite")
    try ToyWorld.register(in: database, folder: folder)
  }

  /// What a command that works prints.
  private func run(_ words: String..., at arguments: [String] = []) throws -> String {
    let run = try ServerProcess.run(words + ["--db", database] + arguments)
    #expect(run.status == 0, "\(words): \(run.errors)")
    return run.output
  }

  /// What a command that is refused says.
  private func refusal(_ words: String...) throws -> String {
    let run = try ServerProcess.run(words + ["--db", database])
    #expect(run.status != 0 && run.output.isEmpty, "\(words): \(run.output)")
    return run.errors
  }

  @Test func theQueueIsPausedForServersThatStartLaterToo() throws {
    #expect(try run("queue", "pause").hasPrefix("the queue is paused"))
    #expect(try run("queue", "pause").hasPrefix("nothing to do"))
    let server = try ServerProcess(database: database)
    let job = try server.jobs.submit(JobBody.quick)
    #expect(job.status == "queued" && job.paused == true)
    let status = try run("status")
    #expect(status.contains("paused since") && status.contains("1 waiting, the oldest \(job.id)"))
    #expect(try server.client.get("/readyz").text.contains("paused"))
    #expect(try run("queue", "resume") == "the queue goes on\n")
    #expect(try run("queue", "resume").hasPrefix("nothing to do"))
    // Another request wakes the worker, which else looks now and then.
    _ = try server.jobs.submit(JobBody.body(seed: 1))
    #expect(try server.jobs.wait(job.id).status == "succeeded")
    let json = try JSONDecoder().decode(
      StatusResource.self, from: Data(run("status", "--by", "base-model", "--json").utf8))
    #expect(!json.queue.paused && json.use?.map(\.name) == [ToyWorld.baseModel])
    #expect(json.use.map { $0.reduce(0) { $0 + $1.bytes } } == json.bytes.models)
  }

  @Test func jobsAreCancelledAndAskedForAgain() throws {
    let server = try ServerProcess(database: database, arguments: ["--workers", "0"])
    let job = try server.jobs.submit(JobBody.quick)
    #expect(try refusal("job", "retry", job.id).contains("is queued: only failed and cancelled"))
    #expect(try run("job", "cancel", job.id) == "\(job.id) is cancelled\n")
    #expect(try refusal("job", "cancel", job.id).contains("already finished"))
    let queued = try run("job", "retry", job.id)
    #expect(queued.hasSuffix(" is queued\n") && !queued.hasPrefix(job.id))
    let next = try server.jobs.job(String(queued.prefix { $0 != " " }))
    #expect(next.status == "queued" && next.user == "ada" && next.recipe == job.recipe)
    #expect(next.classes == job.classes && next.estimate?.steps == job.estimate?.steps)
    // Once more finds the same, and so does the route.
    #expect(try run("job", "retry", job.id).hasPrefix("\(next.id) is queued for it already"))
    let reply = try server.client.send("POST", "/jobs/\(job.id)/retry")
    #expect(try reply.decode(JobResource.self).id == next.id)
    for words in [["job", "cancel", "job_0123456789abcdef01234567"], ["job", "retry", "x"]] {
      #expect(try refusal(words[0], words[1], words[2]).contains("there is no job"))
    }
  }

  @Test func aDataSetMovesWithItsContentAndNowhereElse() throws {
    let listed = try run("dataset", "list")
    #expect(
      listed.contains(folder.file("data")) && listed.contains("needed by \(ToyWorld.baseModel)"))
    let elsewhere = folder.file("elsewhere")
    try FileManager.default.moveItem(atPath: folder.file("data"), toPath: elsewhere)
    #expect(
      try run("dataset", "move", ToyWorld.dataset, elsewhere).contains("is at \(elsewhere) now"))
    #expect(try run("dataset", "list").contains(elsewhere))
    // Jobs find it there.
    let server = try ServerProcess(database: database)
    #expect(try server.jobs.wait(server.jobs.submit(JobBody.quick).id).status == "succeeded")
    // A running server, which has the data set in memory, too: pictures are read when they are needed.
    try ToyWorld.registerPictures(
      in: database, folder: folder, dataset: "drawn", baseModel: "of-drawn")
    let drawn = JobBody.body(and: ["base_model": "of-drawn"])
    #expect(try server.jobs.wait(server.jobs.submit(drawn).id).status == "succeeded")
    let (from, to) = (folder.file("drawn"), folder.file("moved"))
    try FileManager.default.moveItem(atPath: from, toPath: to)
    #expect(try run("dataset", "move", "drawn", to).contains("is at \(to) now"))
    let again = JobBody.body(seed: 1, and: ["base_model": "of-drawn"])
    #expect(try server.jobs.wait(server.jobs.submit(again).id).status == "succeeded")
    let other = folder.file("other")
    try FileManager.default.createDirectory(atPath: other, withIntermediateDirectories: false)
    try CornerSquares.writeIDX(to: other, classes: ToyWorld.labels, seed: 5)
    let changed = try refusal("dataset", "move", ToyWorld.dataset, other)
    #expect(changed.contains("does not have the content that the data set 'toy'"))
    #expect(try refusal("dataset", "move", "none", other).contains("no data set \"none\""))
    let needed = try refusal("dataset", "remove", ToyWorld.dataset)
    #expect(needed.contains("needed by base models (\(ToyWorld.baseModel))"))
    #expect(try run("dataset", "list").contains(elsewhere))
    try ToyWorld.registerPictures(
      in: database, folder: folder, dataset: "pictures", baseModel: "second")
    #expect(try run("base-model", "remove", "second") == "removed base model 'second'\n")
    #expect(try run("dataset", "remove", "pictures").contains("its files stay at"))
    #expect(FileManager.default.fileExists(atPath: folder.file("pictures")))
    #expect(try !run("dataset", "list", "--json").contains("pictures"))
  }

  @Test func aBaseModelIsReplacedAndRemovedWhenNothingNeedsIt() throws {
    let server = try ServerProcess(database: database)
    let made = try server.jobs.wait(server.jobs.submit(JobBody.quick).id)
    let before = try run("base-model", "list")
    #expect(before.contains("\(ToyWorld.baseModel)  (default)  toy  5 classes of toy"))
    #expect(before.contains("1 models, "))
    // Another network for the same classes.
    let file = folder.file("better.safetensors")
    try ToyWorld.writeAnotherModel(to: file, folder: folder)
    let replaced = try run("base-model", "replace", ToyWorld.baseModel, file)
    #expect(replaced.hasPrefix("replaced base model '\(ToyWorld.baseModel)': 5 classes"))
    // The running server takes the new file: the same request is another one now.
    let again = try server.jobs.wait(server.jobs.submit(JobBody.quick).id)
    #expect(again.status == "succeeded" && again.id != made.id)
    #expect(try server.client.get("/models/\(#require(made.resultModel))").status == 200)
    let needed = try refusal("base-model", "remove", ToyWorld.baseModel)
    #expect(needed.contains("2 models that were made of it") && needed.contains("--with-models"))
    let open = try server.jobs.submit(JobBody.endless)
    for words in [
      ["remove", ToyWorld.baseModel, "--with-models"],
      ["replace", ToyWorld.baseModel, folder.file("toy-net.safetensors")],
    ] {
      let run = try ServerProcess.run(["base-model"] + words + ["--db", database])
      #expect(run.status != 0 && run.errors.contains(open.id), "\(run.errors)")
    }
    _ = try server.client.send("POST", "/jobs/\(open.id)/cancel")
    _ = try server.jobs.wait(open.id)
    let removed = try run("base-model", "remove", ToyWorld.baseModel, "--with-models")
    #expect(removed == "removed base model 'toy-net' and 2 models made of it\n")
    #expect(try server.client.get("/models/\(#require(made.resultModel))").status == 404)
    #expect(try run("base-model", "list") == "no base models\n")
    #expect(try server.client.get("/readyz").text.contains("no base model"))
    #expect(try run("check").hasPrefix("ok"))
  }

  @Test func modelsOfUsersWhoStayedAwayGoOnlyWithYes() throws {
    let server = try ServerProcess(database: database)
    let own = try server.jobs.wait(server.jobs.submit(JobBody.quick, user: "gone").id)
    let shared = try server.jobs.wait(
      server.jobs.submit(JobBody.body(seed: 1), user: "gone").id)
    _ = try server.jobs.submit(JobBody.body(seed: 1), user: "here")
    #expect(try server.end(with: SIGTERM).status == 0)
    // A hundred days ago.
    try RawSQL(database).execute(
      """
      UPDATE users SET seen_at = seen_at - 8640000000 WHERE id = 'gone';
      UPDATE models SET used_at = used_at - 8640000000, created_at = created_at - 8640000000
      """)
    let again = try ServerProcess(database: database)
    #expect(try run("users").split(separator: "\n").count == 2)
    let unseen = try run("users", "--not-seen-for", "90")
    #expect(unseen.hasPrefix("gone  last seen ") && unseen.contains("2 models"))
    #expect(unseen.split(separator: "\n").count == 1)
    let dry = try run("users", "--not-seen-for", "90", "--remove-models")
    #expect(dry.hasPrefix("would delete 1 models") && dry.contains("--yes does it"))
    #expect(dry.contains("1 that others have, too, would be left"))
    #expect(try again.client.get("/models/\(#require(own.resultModel))").status == 200)
    let done = try run("users", "--not-seen-for", "90", "--remove-models", "--yes")
    #expect(done.hasPrefix("deleted 1 models"), "\(done)")
    #expect(try again.client.get("/models/\(#require(own.resultModel))").status == 404)
    #expect(try again.client.get("/models/\(#require(shared.resultModel))").status == 200)
    #expect(try run("users", "--not-seen-for", "90").contains("0 models"))
    for words in [["--remove-models"], ["--yes"], ["--not-seen-for", "0"]] {
      #expect(try ServerProcess.run(["users", "--db", database] + words).status != 0)
    }
  }

  /// What is told before is what happens: a model that only users have who stayed away goes with the last.
  @Test func whatOnlyThoseShareWhoStayedAwayIsToldToGo() throws {
    let server = try ServerProcess(database: database)
    let model = try #require(
      server.jobs.wait(server.jobs.submit(JobBody.quick, user: "ann").id).resultModel)
    for user in ["bob", "cy"] { _ = try server.jobs.submit(JobBody.quick, user: user) }
    #expect(try server.end(with: SIGTERM).status == 0)
    try RawSQL(database).execute(
      """
      UPDATE users SET seen_at = seen_at - 8640000000;
      UPDATE models SET used_at = used_at - 8640000000, created_at = created_at - 8640000000
      """)
    let dry = try run("users", "--not-seen-for", "90", "--remove-models")
    #expect(dry.hasPrefix("would delete 1 models") && !dry.contains("others"), "\(dry)")
    let done = try run("users", "--not-seen-for", "90", "--remove-models", "--yes")
    #expect(done.hasPrefix("deleted 1 models") && !done.contains("others"), "\(done)")
    #expect(
      done.contains(" bytes") && dry.contains(String(done.split(separator: ",")[1].dropLast())))
    #expect(try refusal("model", "remove", model).contains("there is no model"))
  }

  @Test func aModelIsRemovedAndItsSpaceGivenBack() throws {
    let server = try ServerProcess(database: database, arguments: ["--tidy-interval", "1"])
    let model = try #require(server.jobs.wait(server.jobs.submit(JobBody.quick).id).resultModel)
    _ = try server.jobs.submit(JobBody.quick, user: "bob")
    #expect(try run("model", "remove", model, "--user", "ada").contains("is kept for others"))
    #expect(try run("model", "remove", model) == "deleted \(model)\n")
    #expect(try refusal("model", "remove", model).contains("there is no model"))
    #expect(try server.client.get("/models/\(model)").status == 404)
    #expect(try run("compact").contains("fewer than before"))
    #expect(try server.client.get("/models").status == 200)
    #expect(try run("check").hasPrefix("ok"))
  }
}
