import Foundation
import Pruning
import Testing

@Suite struct ClassProfileTests {
  @Test func weightsBecomeADistribution() throws {
    let profile = try ClassProfile([.init(name: "a"), .init(name: "b", weight: 3)])
    #expect(profile.distribution == [0.25, 0.75])
  }

  @Test func unknownClassesAreNamedWithTheNearest() throws {
    let profile = try ClassProfile(names: ["Sneeker", "Bag", "zzzzzz"])
    let error = #expect(throws: PruningError.self) {
      try profile.indices(in: ["Sneaker", "Bag", "Sandal"])
    }
    guard case .unknownClasses(let unknown) = error else {
      Issue.record("unexpected \(String(describing: error))")
      return
    }
    #expect(unknown.map(\.name) == ["Sneeker", "zzzzzz"])
    #expect(unknown.first?.suggestions.first == "Sneaker")
    #expect(unknown.last?.suggestions == [])
  }

  @Test(arguments: [0, -1, Double.nan, .infinity]) func weightsMustBePositive(weight: Double) {
    #expect(throws: PruningError.self) {
      try ClassProfile([.init(name: "a"), .init(name: "b", weight: weight)])
    }
  }

  @Test func emptyRepeatedAndLopsidedProfilesAreRefused() {
    #expect(throws: PruningError.self) { try ClassProfile([]) }
    #expect(throws: PruningError.self) { try ClassProfile(names: ["a", "a"]) }
    #expect(throws: PruningError.self) {
      try ClassProfile([.init(name: "a", weight: 1e-9), .init(name: "b", weight: 1)])
    }
  }

  @Test func tooManyClassesAreRefused() throws {
    let names = (0...ClassProfile.mostClasses).map { "class \($0)" }
    #expect(try ClassProfile(names: names.dropLast()).names.count == 4096)
    let error = #expect(throws: PruningError.self) { try ClassProfile(names: names) }
    #expect(error?.description == "the profile names 4097 classes; at most 4096 can be asked for")
  }

  @Test func decodingValidates() throws {
    let json = Data(#"[{"name":"a","weight":1},{"name":"b","weight":-1}]"#.utf8)
    #expect(throws: PruningError.self) {
      try JSONDecoder().decode(ClassProfile.self, from: json)
    }
  }
}
