import Foundation
import Store
import Testing

/// What every ``TokenRegistry`` must do.
enum TokenRegistryConformance {
  static let all: [ConformanceCase] = [
    ConformanceCase("a token works until it is revoked") { fixture in
      let store = fixture.store
      let ann = try UserID("ann")
      let token = try store.addToken(
        digest: Fixture.digest("s1"), user: ann, label: "laptop")
      #expect(token.user == ann && token.label == "laptop" && token.revokedAt == nil)
      #expect(token.createdAt == fixture.clock.now)
      #expect(try store.activeToken(digest: Fixture.digest("s1")) == token)
      #expect(try store.activeToken(digest: Fixture.digest("s2")) == nil)
      #expect(try store.user(ann).profile == nil)

      fixture.clock.advance(1)
      let operators = try store.addToken(digest: Fixture.digest("s2"), user: nil, label: "ops")
      #expect(operators.user == nil)
      #expect(try store.tokens() == [token, operators])

      let revocation = fixture.clock.now
      try store.revokeToken(token.id)
      fixture.clock.advance(1)
      try store.revokeToken(token.id)
      #expect(try store.activeToken(digest: Fixture.digest("s1")) == nil)
      #expect(try store.tokens().first?.revokedAt == revocation)
      #expect(try store.activeToken(digest: Fixture.digest("s2")) == operators)
    },
    ConformanceCase("a token works until its time is over, which keeps a server closed") {
      fixture in
      let store = fixture.store
      let token = try store.addToken(
        digest: Fixture.digest("s1"), user: nil, label: "a", scope: .metrics, lifetime: 90)
      #expect(token.expiresAt == fixture.clock.now.addingTimeInterval(90))
      #expect(token.scope == .metrics)
      fixture.clock.advance(89)
      #expect(try store.activeToken(digest: Fixture.digest("s1")) == token)
      fixture.clock.advance(1)
      #expect(try store.activeToken(digest: Fixture.digest("s1")) == nil)
      #expect(try store.hasActiveToken())
      #expect(try store.tokens() == [token])
      for lifetime in [0, -1, 1e12, .infinity, .nan] {
        #expect(throws: StoreError.self) {
          try store.addToken(
            digest: Fixture.digest("s2"), user: nil, label: "b", scope: .all, lifetime: lifetime)
        }
      }
      #expect(throws: StoreError.self) {
        try store.addToken(
          digest: Fixture.digest("s2"), user: UserID("ann"), label: "b", scope: .metrics,
          lifetime: nil)
      }
    },
    ConformanceCase("a token's last use") { fixture in
      let store = fixture.store
      let first = try store.addToken(digest: Fixture.digest("s1"), user: nil, label: "a")
      let second = try store.addToken(digest: Fixture.digest("s2"), user: nil, label: "b")
      fixture.clock.advance(5)
      try store.markUsed([
        second.id, try #require(TokenID(rawValue: "token_0123456789abcdef01234567")),
      ])
      #expect(try store.tokens().map(\.usedAt) == [nil, fixture.clock.now])
      #expect(first.usedAt == nil)
    },
    ConformanceCase("whether any token works") { fixture in
      let store = fixture.store
      #expect(try !store.hasActiveToken())
      let first = try store.addToken(digest: Fixture.digest("s1"), user: nil, label: "a")
      let second = try store.addToken(digest: Fixture.digest("s2"), user: nil, label: "b")
      try store.revokeToken(first.id)
      #expect(try store.hasActiveToken())
      try store.revokeToken(second.id)
      #expect(try !store.hasActiveToken())
    },
    ConformanceCase("a secret is used once, revoked or not") { fixture in
      let digest = Fixture.digest("s1")
      let token = try fixture.store.addToken(digest: digest, user: nil, label: "a")
      try fixture.store.revokeToken(token.id)
      #expect(throws: StoreError.nameTaken(.token, "b")) {
        try fixture.store.addToken(digest: digest, user: nil, label: "b")
      }
    },
    ConformanceCase("an unknown token is named") { fixture in
      let id = try #require(TokenID(rawValue: "token_0123456789abcdef01234567"))
      #expect(throws: StoreError.notFound(.token, id.rawValue)) {
        try fixture.store.revokeToken(id)
      }
    },
  ]
}
