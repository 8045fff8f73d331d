import Foundation
import ObjectStore
import TestSupport
import Testing

@Suite struct S3CredentialsTests {
  private func refusal(_ text: String, profile: String = "default") throws -> String {
    let folder = try TemporaryFolder()
    try folder.write(Array(text.utf8), to: "credentials")
    let path = folder.file("credentials")
    let error = try #require(throws: ObjectStoreError.self) {
      try S3Credentials(file: path, profile: profile)
    }
    #expect("\(error)".contains(path))
    #expect(error.code == "object_store_credentials_missing")
    return "\(error)"
  }

  @Test func readsTheEnvironment() throws {
    let names = ["AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "hushhush"]
    let credentials = try S3Credentials(environment: names)
    #expect(credentials == (try S3Credentials(accessKey: "AKID", secretKey: "hushhush")))
    let lent = try S3Credentials(
      environment: names.merging(["AWS_SESSION_TOKEN": "t"]) { $1 })
    #expect(
      lent == (try S3Credentials(accessKey: "AKID", secretKey: "hushhush", sessionToken: "t")))
    for missing in names.keys {
      let error = try #require(throws: ObjectStoreError.self) {
        try S3Credentials(environment: names.filter { $0.key != missing })
      }
      #expect("\(error)".contains("\(missing) is not set"))
      #expect(!"\(error)".contains("hushhush"))
    }
  }

  @Test func readsProfilesOfAFile() throws {
    let folder = try TemporaryFolder()
    try folder.write(
      Array(
        """
        # two of them
        [other]
        aws_access_key_id=OTHER
        aws_secret_access_key=othersecret

        [ default ]
        ; a comment
        AWS_Access_Key_ID = AKID
        aws_secret_access_key = hush=hush
        region = eu-west-1
        """.utf8), to: "credentials")
    let path = folder.file("credentials")
    #expect(
      try S3Credentials(file: path)
        == S3Credentials(accessKey: "AKID", secretKey: "hush=hush"))
    #expect(
      try S3Credentials(file: path, profile: "other")
        == S3Credentials(accessKey: "OTHER", secretKey: "othersecret"))
  }

  @Test func saysWhatAFileLacks() throws {
    #expect(try refusal("").contains("no profile [default]"))
    #expect(try refusal("[default]\n", profile: "x").contains("no profile [x]"))
    #expect(try refusal("[default]\naws_access_key_id = A\n").contains("lacks"))
    #expect(
      try refusal("[default]\naws_access_key_id = A\naws_secret_access_key =\n")
        .contains("secret key is empty"))
    let odd = try refusal("[default]\naws_access_key_id = A\naws_secret_access_key = hush\thush\n")
    #expect(odd.contains("characters that none has"))
    #expect(!odd.contains("hush\thush"))
    #expect(throws: ObjectStoreError.self) { try S3Credentials(file: "/nowhere/credentials") }
  }

  @Test func printsNothingOfItself() throws {
    let credentials = try S3Credentials(
      accessKey: "AKID", secretKey: "hushhush", sessionToken: "tokentoken")
    var text = "\(credentials) \(String(reflecting: credentials))"
    dump(credentials, to: &text)
    dump(CredentialSource(credentials), to: &text)
    for secret in ["AKID", "hushhush", "tokentoken"] { #expect(!text.contains(secret)) }
  }
}
