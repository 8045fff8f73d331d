#if Fleet
  import PostgresStore
  import Store
  import Testing

  /// What is said of an address. Needs no server.
  @Suite struct PostgresAddressTests {
    @Test(arguments: [
      ("postgresql://ann:secret@db1:5433/crisp", "postgresql://ann@db1:5433/crisp"),
      (
        "postgres://db1,db2:6000/crisp?user=ann&password=secret",
        "postgresql://ann@db1,db2:6000/crisp"
      ),
      ("postgresql://ann@[::1]:5432/crisp?sslmode=require", "postgresql://ann@[::1]:5432/crisp"),
    ])
    func thePasswordIsNotShown(uri: String, shown: String) throws {
      #expect(try PostgresAddress(uri).text == shown)
    }

    @Test(arguments: [
      "postgresql://ann:secret@db1:port:5/crisp?x", "postgresql://ann:secret@db1/crisp?nonsense=1",
      "postgresql://ann:secret@[::1/crisp", "postgresql://ann:se%0cret@db1/crisp?%",
    ])
    func whatIsNoAddressIsRefused(uri: String) throws {
      let error = #expect(throws: StoreError.self) { try PostgresAddress(uri) }
      #expect(error?.code == "bad_database_address")
      #expect(error?.description.contains("secret") == false)
      #expect(error?.description.contains("db1") == true || uri.contains("::1"))
    }

    @Test func aHostThatDoesNotAnswerIsNamed() throws {
      // Port 1 of loopback: nobody listens there.
      let error = #expect(throws: StoreError.self) {
        try PostgresStore("postgresql://ann:secret@127.0.0.1:1/crisp")
      }
      #expect(error?.code == "database_unreachable")
      #expect(error?.description.hasPrefix("postgresql://ann@127.0.0.1:1/crisp does not") == true)
      #expect(error?.description.contains("secret") == false)
    }
  }
#endif
