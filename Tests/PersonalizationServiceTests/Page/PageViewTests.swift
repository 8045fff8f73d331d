import Foundation
import PersonalizationService
import ServiceAPI
import Testing
import WebPage

/// Whatever users call themselves and their classes, it stays text.
@Suite struct PageViewTests {
  static let hostile = "</h3><script>alert('1')</script>\" onclick=\"x\u{202E}&<\u{301}"
  static let harmless = "harmless"

  private static func job(_ text: String, status: String) -> JobResource {
    JobResource(
      id: "job_1", user: text, status: status, priority: "normal", createdAt: 0, startedAt: nil,
      finishedAt: nil,
      progress: JobResource.Progress(
        stage: text, iteration: 1, of: 2, epoch: 1, sparsity: 0.5, accuracy: 0.75, loss: nil,
        fraction: 0.25),
      estimatedFinish: nil, attempt: 1,
      error: JobResource.Failure(code: text, message: text),
      resultModel: status == "succeeded" ? "model_1" : nil, baseModel: text,
      classes: [["name": .string(text), "weight": 1]],
      recipe: ["target": ["sparsity": 0.9]], seed: 0, metadata: .null)
  }

  private static func model(_ text: String) -> ModelResource {
    ModelResource(
      id: "model_1", createdAt: 0, labels: [text, text], bytes: 1234, sha256: "", baseModel: text,
      job: "job_1")
  }

  private static func base(_ text: String, _ number: Int) -> BaseModelResource {
    BaseModelResource(
      name: "\(text)\(number)", architecture: text, dataset: text, labels: [text, "b"],
      parameters: 1, sha256: "", isDefault: false, createdAt: 0)
  }

  private static func pages(_ text: String) -> [String] {
    ["queued", "running", "succeeded", "failed", "cancelled"].map {
      JobList([job(text, status: $0)], hasMore: true).html.text
    } + [
      ModelList([ModelList.Entry(model(text), card: nil)], hasMore: true).html.text,
      RequestForm([base(text, 1)], chosen: nil, user: text).html.text,
      RequestForm([base(text, 1), base(text, 2)], chosen: "\(text)2", user: nil).html.text,
    ]
  }

  @Test func hostileTextIsNoMarkup() {
    let escaped: HTML = "\(Self.hostile)"
    for (page, expected) in zip(Self.pages(Self.hostile), Self.pages(Self.harmless)) {
      #expect(page.contains(escaped.text))
      // The same page but for the text: nothing else has changed, no tag and no attribute.
      #expect(page.replacingOccurrences(of: escaped.text, with: Self.harmless) == expected)
    }
  }

  @Test func jobsTellHowFarTheyAre() {
    let text = JobList([Self.job("a", status: "running")], hasMore: false).html.text
    #expect(text.contains("value=\"0.250\""))
    #expect(text.contains("iteration 1 of 2 · sparsity 50.0\u{A0}% · accuracy 75.0\u{A0}%"))
    #expect(text.contains("90.0\u{A0}% sparsity"))
    #expect(JobList([], hasMore: false).html.text.contains("No jobs yet"))
  }
}
