import ArgumentParser

/// `crisp-server objects …`
struct Objects: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Try an object store.", subcommands: [Check.self])

  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Try all that is needed of an object store, with an object that is removed again.",
      discussion: """
        Example: crisp-server objects check --objects s3://bucket/crisp --s3-endpoint https://store:9000

        Lists, stores, reads a part and removes below the prefix. What is wrong comes as one sentence.
        """)

    @OptionGroup var place: ObjectStoreOptions

    func run() throws {
      guard let store = try place.store() else {
        throw ValidationError("--objects is missing: name a place like s3://BUCKET/PREFIX.")
      }
      let ability = try store.probe()
      print("\(store.address): lists, stores, reads parts and removes")
      print(
        ability.conditionalWrites
          ? "conditional writes: honoured"
          : "conditional writes: not honoured; bytes may be stored twice, and are never mixed up")
    }
  }
}
