import ArgumentParser
import ControlPlane
import Flags
import Foundation
import Inputs
import PersonalizationService

/// `crisp-server token …`
struct Token: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make, list and revoke access tokens.",
    discussion: """
      Once a database has an active token, requests need one; when the last is revoked, the running \
      server stays closed, and its next start needs --require-tokens to be. A user's token opens that \
      user's profile, jobs and models; an operator's opens everything. One for 'read' changes nothing, \
      one for 'metrics' opens /metrics alone.
      """,
    subcommands: [Create.self, List.self, Revoke.self])

  struct Create: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Create a token and print it, once and never again.",
      discussion: """
        Example: crisp-server token create --db crisp.sqlite --user ada --label laptop --expires-in 90
        """)

    /// What `--json` prints.
    struct Report: Encodable {
      let token: String
      let summary: TokenSummary

      enum CodingKeys: String, CodingKey { case token }

      func encode(to encoder: any Encoder) throws {
        try summary.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(token, forKey: .token)
      }
    }

    @OptionGroup var database: DatabaseOptions
    @Option(help: "Whose token (default: an operator's).") var user: String?
    @Option(help: "What to call it.") var label = "token"
    @Option(help: "What it is good for: all, read (nothing that changes anything), or metrics.")
    var scope = Administration.Scope.all
    @Option(help: "Days until it stops working (default: never).") var expiresIn: Double?
    @OptionGroup var output: OutputOptions

    func validate() throws {
      try InputRange(0.001...36_600).check(expiresIn, "--expires-in", "days")
      guard scope != .metrics || user == nil else {
        throw ValidationError("--scope metrics is for an operator's token; leave --user out.")
      }
    }

    func run() throws {
      let (token, summary) = try Administration(database: database.database)
        .createToken(
          user: user, label: label, scope: scope, lifetime: expiresIn.map { $0 * 86_400 })
      try output.print(Report(token: token.secret, summary: summary)) {
        // The secret alone on standard output, for scripts.
        FileHandle.standardError.write(
          Data("\(summary.id) for \(summary.holder); this is shown only once:\n".utf8))
        return token.secret
      }
    }
  }

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List tokens, revoked ones too; never their secrets.",
      discussion: "Example: crisp-server token list --db crisp.sqlite")

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
      let tokens = try Administration(existing: database.database).tokens()
      try output.print(tokens) {
        guard !tokens.isEmpty else { return "no tokens: on loopback the server runs open" }
        return tokens.map { token in
          let used = token.usedAt.map { "last used \(ListedDate.text($0))" } ?? "not used yet"
          return "\(token.id)  \(ListedDate.text(token.createdAt))  \(Self.state(token))  \(used)  "
            + "\(token.scope)  \(token.holder)  \(token.label)"
        }.joined(separator: "\n")
      }
    }

    private static func state(_ token: TokenSummary) -> String {
      if let revoked = token.revokedAt { return "revoked \(ListedDate.text(revoked))" }
      guard let expiry = token.expiresAt else { return "active" }
      let isOver = TimeInterval(expiry) <= Date().timeIntervalSince1970
      return "\(isOver ? "expired" : "active until") \(ListedDate.text(expiry))"
    }
  }

  struct Revoke: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Stop a token from working, at once.",
      discussion: """
        Example: crisp-server token revoke --db crisp.sqlite token_0123456789abcdef01234567
        """)

    @OptionGroup var database: DatabaseOptions
    @Argument(help: "The token's name, as the list shows it: token_…") var id: String

    func run() throws {
      try Administration(existing: database.database, for: .writing).revokeToken(id: id)
      print("revoked \(id)")
    }
  }
}

extension Administration.Scope: ExpressibleByArgument {}

extension TokenSummary {
  /// Whose token, for people.
  fileprivate var holder: String { user.map { "user '\($0)'" } ?? "an operator" }
}
