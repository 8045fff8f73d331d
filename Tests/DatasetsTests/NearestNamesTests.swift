import Datasets
import Testing

@Suite struct NearestNamesTests {
  static let known = [
    "T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
    "Ankle boot",
  ]

  @Test(arguments: [
    ("Shrit", ["Shirt"]),
    ("shirt", ["Shirt", "T-shirt"]),
    ("TROUSER", ["Trouser"]),
    ("trousers", ["Trouser"]),
    ("boot", ["Ankle boot", "Coat"]),
    ("Sneakers", ["Sneaker"]),
    ("Pulover", ["Pullover"]),
    ("Bga", ["Bag"]),
    ("helicopter", []),
    ("xyzzyxyzzy", []),
  ])
  func suggestions(_ name: String, expected: [String]) {
    #expect(nearestNames(to: name, in: Self.known) == expected)
  }

  @Test func exactNamesComeFirst() {
    #expect(nearestNames(to: "cat", in: ["bat", "hat", "cat", "rat"]).first == "cat")
  }

  @Test func atMostThree() {
    #expect(nearestNames(to: "cat", in: ["bat", "hat", "mat", "rat"]) == ["bat", "hat", "mat"])
  }

  @Test func nothingToSuggestFrom() {
    #expect(nearestNames(to: "cat", in: []) == [])
  }

  @Test func veryLongNamesEndSoon() {
    let long = String(repeating: "ab", count: 500_000)
    #expect(nearestNames(to: long, in: ["cat"]) == [])
    #expect(nearestNames(to: long, in: [long]) == [long])
  }
}
