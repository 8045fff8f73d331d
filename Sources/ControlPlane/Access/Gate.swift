import HTTPServer
import HTTPTypes
import Store
import Synchronization

/// Lets requests in or turns them away: the only place that reads tokens and decides on ``Access``.
///
/// A server whose database has no active token runs open, unless tokens are required. Once it has
/// seen one it stays closed, also when the last token is revoked while it runs. Tokens that have expired
/// keep it closed: time alone opens nothing.
package final class Gate: Sendable {
  private let store: any CompleteStore
  private let hosts: HostRule
  private let uses: Uses<TokenID>
  private let closed: Atomic<Bool>

  /// A gate that is open unless `requireTokens`, or the database has a token.
  /// - Parameters:
  ///   - hosts: under which names an open gate answers.
  ///   - uses: told of every token that let somebody in.
  package init(
    store: any CompleteStore, hosts: HostRule, uses: Uses<TokenID>, requireTokens: Bool
  ) {
    self.store = store
    self.hosts = hosts
    self.uses = uses
    closed = Atomic(requireTokens)
  }

  /// Whether requests need tokens.
  package var isClosed: Bool {
    get throws {
      if closed.load(ordering: .relaxed) { return true }
      guard try store.hasActiveToken() else { return false }
      closed.store(true, ordering: .relaxed)
      return true
    }
  }

  /// Throws the 421 (RFC 9110 §15.5.20) of a request that names another server, unless tokens tell
  /// whom to answer.
  func checkHost(of request: Request) throws {
    guard !hosts.admits(request.authority), try !isClosed else { return }
    throw ProblemDetails(
      .misdirectedRequest, code: "misdirected_request",
      detail: "a server without tokens answers under names of its own only, or any web page could "
        + "use it: use localhost, or start it with --allowed-host followed by the name in the "
        + "Host field")
  }

  /// Who sent a request that may have its answer. Throws the 401, 403 or 404 for one that may not.
  /// - Parameter scope: what its token has to be good for.
  func admit(
    _ request: Request, _ parameters: PathParameters, to access: Access, scope: TokenScope
  ) throws -> Caller {
    if access == .anyone { return .unknown }
    let caller = try caller(of: request, scope)
    guard case .user(let user) = caller else { return caller }
    switch access {
    case .anyone, .tokenHolder: break
    case .sameUser:
      // Bytes, not UserID(_:): that throws for some texts, and the answer must not differ.
      guard try parameters.require("user").utf8.elementsEqual(user.text.utf8) else {
        throw Self.forbidden
      }
    case .requester: try show(API.identifier("job", in: parameters) as JobID, to: caller)
    case .modelHolder: try show(API.identifier("model", in: parameters) as ModelID, to: caller)
    case .operator: throw Self.forbidden
    }
    return caller
  }

  /// Throws the error of a job that does not exist unless the caller waits for it.
  func show(_ id: JobID, to caller: Caller) throws {
    guard case .user(let user) = caller else { return }
    guard try store.isRequester(user, of: id) else {
      throw StoreError.notFound(.job, id.rawValue)
    }
  }

  /// Throws the error of a model that does not exist unless the caller has it.
  func show(_ id: ModelID, to caller: Caller) throws {
    guard case .user(let user) = caller else { return }
    guard try store.hasModel(id, user: user) else {
      throw StoreError.notFound(.model, id.rawValue)
    }
  }

  private func caller(of request: Request, _ scope: TokenScope) throws -> Caller {
    guard try isClosed else { return .operator }
    guard let field = request.headers[.authorization] else { throw Self.missingToken }
    // RFC 9110 §11.4: a scheme in any case, then one space or more.
    let parts = field.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
    guard parts.first?.lowercased() == "bearer" else { throw Self.missingToken }
    guard parts.count == 2, let token = AccessToken(String(parts[1].drop { $0 == " " })),
      let record = try store.activeToken(digest: token.digest),
      record.digest.isEqualInConstantTime(to: token.digest)
    else { throw Self.invalidToken }
    uses.note(record.id)
    guard record.scope.covers(scope) else { throw Self.insufficientScope(record.scope, scope) }
    return record.user.map(Caller.user) ?? .operator
  }

  // RFC 6750 §3: a challenge names no error where no token came.
  private static let missingToken = challenge(
    #"Bearer realm="crisp""#, code: "missing_token",
    detail: "this server needs a token: send 'Authorization: Bearer TOKEN'; its operator makes one "
      + "with crisp-server token create")
  private static let invalidToken = challenge(
    #"Bearer realm="crisp", error="invalid_token""#, code: "invalid_token",
    detail:
      "the token is malformed, unknown, revoked or expired; ask the server's operator for another")

  private static func challenge(_ value: String, code: String, detail: String) -> ProblemDetails {
    ProblemDetails(.unauthorized, code: code, detail: detail, headers: [.wwwAuthenticate: value])
  }

  // RFC 6750 §3.1: 403, and the scope that is needed.
  private static func insufficientScope(_ given: TokenScope, _ needed: TokenScope) -> ProblemDetails
  {
    ProblemDetails(
      .forbidden, code: "insufficient_scope",
      detail: "this token is for '\(given.rawValue)' only; this needs one for '\(needed.rawValue)'",
      headers: [
        .wwwAuthenticate:
          #"Bearer realm="crisp", error="insufficient_scope", scope="\#(needed.rawValue)""#
      ])
  }

  /// A token that is good, but not for this.
  static let forbidden = ProblemDetails(
    .forbidden, code: "forbidden", detail: "this token does not give access to that")
}
