import ArgumentParser
import Flags
import Inputs
import PersonalizationService

/// `crisp-server status`
struct Status: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show the queue, the workers that hold a job, and what takes how much space.",
    discussion: "Example: crisp-server status --db crisp.sqlite --by user")

  @OptionGroup var database: DatabaseOptions
  @Option(help: "Also whose the bytes of models are: user or base-model, most first.")
  var by: Administration.Owner?
  @OptionGroup var output: OutputOptions

  func run() throws {
    let status = try Administration(existing: database.database, for: .writing).status(by: by)
    try output.print(status) { Administration.text(status) }
  }
}

extension Administration.Owner: ExpressibleByArgument {}

/// `crisp-server queue …`
struct Queue: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Let no job begin, on any server, or let them again.",
    subcommands: [Pause.self, Resume.self])

  struct Pause: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Let no job begin; requests are accepted, and jobs that run go on.",
      discussion: """
        Example: crisp-server queue pause --db crisp.sqlite

        Holds for all servers and workers of the database, also those that start later.
        """)

    @OptionGroup var database: DatabaseOptions

    func run() throws {
      print(try Administration(existing: database.database, for: .writing).setQueuePaused(true))
    }
  }

  struct Resume: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Let jobs begin again.",
      discussion: "Example: crisp-server queue resume --db crisp.sqlite")

    @OptionGroup var database: DatabaseOptions

    func run() throws {
      print(try Administration(existing: database.database, for: .writing).setQueuePaused(false))
    }
  }
}

/// `crisp-server job …`
struct Job: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Cancel a job or ask for it again.", subcommands: [Cancel.self, Retry.self])

  struct Cancel: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Stop a job for everyone who waits for it.",
      discussion: "Example: crisp-server job cancel --db crisp.sqlite job_0123456789abcdef01234567")

    @OptionGroup var database: DatabaseOptions
    @Argument(help: "The job, job_….") var job: String

    func run() throws {
      print(try Administration(existing: database.database, for: .writing).cancelJob(job))
    }
  }

  struct Retry: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Ask again for what a job that failed or was cancelled was to make.",
      discussion: """
        Example: crisp-server job retry --db crisp.sqlite job_0123456789abcdef01234567

        In the name of its owner, whose limits do not count.
        """)

    @OptionGroup var database: DatabaseOptions
    @Argument(help: "The job, job_….") var job: String

    func run() throws {
      print(try Administration(existing: database.database, for: .writing).retryJob(job))
    }
  }
}

/// `crisp-server model …`
struct Model: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Remove tailored models.", subcommands: [Remove.self])

  struct Remove: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Delete a model for everyone, with the job that made it.",
      discussion:
        "Example: crisp-server model remove --db crisp.sqlite model_0123456789abcdef01234567")

    @OptionGroup var database: DatabaseOptions
    @Argument(help: "The model, model_….") var model: String
    @Option(help: "Take it from this user only; others who have it keep it.") var user: String?

    func run() throws {
      let administration = try Administration(existing: database.database, for: .writing)
      print(try administration.removeModel(model, from: user))
    }
  }
}

/// `crisp-server users`
struct Users: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List users: when they were last seen, their models and bytes.",
    discussion: """
      Example: crisp-server users --db crisp.sqlite --not-seen-for 90 --remove-models

      Being seen is asking for a model or using a token, to the hour. Models that somebody downloaded or \
      predicted with in that time are kept, whoever it was.
      """)

  @OptionGroup var database: DatabaseOptions
  @Option(help: "Only users who were not seen for so many days.") var notSeenFor: Double?
  @Option(help: "Users to list, 1 to 1000000.") var limit = 1000
  @Flag(help: "Tell what removing their unused models would give back; with --yes remove them.")
  var removeModels = false
  @Flag(help: "Really remove them.") var yes = false
  @OptionGroup var output: OutputOptions

  func validate() throws {
    // Being seen is told to the hour, use of models at each tidying.
    try InputRange(1...36_500).check(notSeenFor, "--not-seen-for", "days")
    try InputRange(1...1_000_000).check(limit, "--limit")
    guard notSeenFor != nil || !removeModels else {
      throw ValidationError("--remove-models needs --not-seen-for: whose models are to go?")
    }
    guard removeModels || !yes else { throw ValidationError("--yes goes with --remove-models.") }
  }

  func run() throws {
    let administration = try Administration(existing: database.database, for: .writing)
    let age = notSeenFor.map { $0 * 86_400 }
    // What is listed may be cut short; what is removed is all of it.
    let users = try administration.users(
      notSeenFor: age, limit: removeModels ? 1_000_000 : limit)
    if removeModels, let age {
      let removal = try administration.removeModels(of: users, unusedFor: age, really: yes)
      return try output.print(removal) { removal.text }
    }
    try output.print(users) {
      users.isEmpty ? "no users" : users.map { Administration.text($0) }.joined(separator: "\n")
    }
  }
}

/// `crisp-server compact`
struct Compact: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Give space that nothing needs any more back to the file system.",
    discussion: """
      Example: crisp-server compact --db crisp.sqlite

      Beside a running server, a few pages at a time. A database that was made before this version is \
      written anew the first time, for which its server must not run and twice its size must be free on the disk.
      """)

  @OptionGroup var database: DatabaseOptions

  func run() throws {
    print(try Administration(existing: database.database, for: .writing).compact())
  }
}
