import Store
import Testing

@Suite struct IdentifierTests {
  @Test(arguments: [
    "a", "Ann Lee", "日本語", "🧦", "../etc/passwd", "<script>", "%00", " ",
    String(repeating: "x", count: 256), String(repeating: "é", count: 128),
  ])
  func acceptsAnyText(_ text: String) throws {
    #expect(try UserID(text).text == text)
    #expect(try UserID(text).description == text)
  }

  @Test(arguments: [
    "", "a\nb", "\u{0}", "\r", "\t", "\u{7f}", "\u{85}", "\u{2028}", "\u{2029}",
    String(repeating: "x", count: 257), String(repeating: "é", count: 129),
  ])
  func refusesControlsAndOverlongText(_ text: String) {
    let error = #expect(throws: StoreError.self) { try UserID(text) }
    #expect(error?.code == "invalid_value")
    #expect(error?.description.hasPrefix("user ") == true)
  }

  @Test func usersAreComparedByBytes() throws {
    let composed = try UserID("\u{e9}")
    let decomposed = try UserID("e\u{301}")
    #expect(composed.text == decomposed.text)
    #expect(composed != decomposed)
    #expect(Set([composed, decomposed]).count == 2)
  }

  @Test(arguments: [
    "", "job_", "job_0123456789abcdef0123456", "job_0123456789abcdef012345678",
    "job_0123456789ABCDEF01234567", "model_0123456789abcdef01234567",
    "job_0123456789abcdef0123456g", "job_٠123456789abcdef01234567", "job_0123456789abcdef0123456\n",
  ])
  func refusesWhatIsNoJobID(_ text: String) {
    #expect(JobID(rawValue: text) == nil)
  }

  @Test func acceptsItsOwnForm() {
    #expect(JobID(rawValue: "job_0123456789abcdef01234567")?.description.count == 28)
    #expect(ModelID(rawValue: "model_0123456789abcdef01234567") != nil)
    #expect(TokenID(rawValue: "token_0123456789abcdef01234567") != nil)
  }
}
