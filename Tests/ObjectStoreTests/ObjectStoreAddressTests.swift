import ObjectStore
import Testing

@Suite struct ObjectStoreAddressTests {
  @Test func readsAllParts() throws {
    let address = try ObjectStoreAddress(
      "s3://my-bucket/a/b c?endpoint=https://Store.example:8443/&region=eu-west-3")
    #expect(address.bucket == "my-bucket")
    #expect(address.prefix == "a/b c/")
    #expect(address.endpoint == "https://store.example:8443")
    #expect(address.region == "eu-west-3")
    #expect("\(address)" == "s3://my-bucket/a/b c/ at https://store.example:8443")
  }

  @Test(arguments: [
    ("s3://bucket", nil, nil, "", "https://s3.us-east-1.amazonaws.com", "us-east-1"),
    ("s3://bucket/", nil, "eu-west-1", "", "https://s3.eu-west-1.amazonaws.com", "eu-west-1"),
    (
      "S3://bucket/models/", "http://127.0.0.1:8333", nil, "models/", "http://127.0.0.1:8333",
      "us-east-1"
    ),
    ("s3://bucket/a/b", "https://h:443", nil, "a/b/", "https://h", "us-east-1"),
    ("s3://bucket?region=x", "http://h:80/", "x", "", "http://h", "x"),
    ("s3://bucket", "http://[::1]:9000", nil, "", "http://[::1]:9000", "us-east-1"),
  ])
  func completesWhatIsMissing(
    _ text: String, _ endpoint: String?, _ region: String?, _ prefix: String, _ found: String,
    _ place: String
  ) throws {
    let address = try ObjectStoreAddress(text, endpoint: endpoint, region: region)
    #expect(address.prefix == prefix)
    #expect(address.endpoint == found)
    #expect(address.region == place)
  }

  @Test(arguments: [
    "", "bucket", "s3:", "s3://", "s3:///prefix", "http://bucket/", "s3:/bucket",
    "s3://ab", "s3://Bucket", "s3://-bucket", "s3://bucket-", "s3://bu..cket", "s3://bu_cket",
    "s3://" + String(repeating: "a", count: 64), "s3://bucket:80/", "s3://bucket#x",
    "s3://bucket/a//b", "s3://bucket/../b", "s3://bucket/./b", "s3://bucket/a%00b",
    "s3://bucket/" + String(repeating: "a", count: 600),
    "s3://bucket?endpoint=host", "s3://bucket?endpoint=ftp://host", "s3://bucket?endpoint=https://",
    "s3://bucket?endpoint=https://host/path", "s3://bucket?endpoint=https://host:0",
    "s3://bucket?endpoint=https://host:99999", "s3://bucket?region=", "s3://bucket?region=EU%20W",
    "s3://bucket?region=a&region=b", "s3://bucket?endpoint", "s3://bucket?key=value",
  ])
  func refuses(_ text: String) throws {
    let error = try #require(throws: ObjectStoreError.self) { try ObjectStoreAddress(text) }
    #expect(error.code == "invalid_object_store")
    #expect("\(error)".contains("s3://BUCKET/PREFIX"))
  }

  @Test func refusesTwoDifferentEndpoints() {
    #expect(throws: ObjectStoreError.self) {
      try ObjectStoreAddress("s3://bucket?endpoint=http://a:1", endpoint: "http://b:1")
    }
  }

  @Test func repeatsNoCredentials() throws {
    for text in ["s3://AKID:hushhush@bucket/", "s3://bucket?endpoint=https://u:hushhush@host"] {
      let error = try #require(throws: ObjectStoreError.self) { try ObjectStoreAddress(text) }
      #expect(!"\(error)".contains("hushhush"))
    }
    let error = try #require(throws: ObjectStoreError.self) {
      try ObjectStoreAddress("s3://bucket", endpoint: "https://u:hushhush@host")
    }
    #expect(!"\(error)".contains("hushhush"))
  }
}
