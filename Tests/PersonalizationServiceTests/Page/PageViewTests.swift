import Foundation
import ModelCards
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

  private static func card(_ text: String, cycles: Double = 250) -> ModelCard {
    func beside(_ cycles: Double, _ energy: Double) -> ModelCard.Accelerator.Cost {
      ModelCard.Accelerator.Cost(
        cycles: cycles, energyUj: energy, timesTheCycles: 4, timesTheEnergy: 4)
    }
    return ModelCard(
      classes: [], baseModel: ModelCard.Source(name: text, sha256: ""),
      dataset: ModelCard.Source(name: text, sha256: ""),
      accuracy: ModelCard.Accuracy(
        universalRestricted: 1, denseFineTuned: nil, pruned: 1, perClass: [:], testImages: 1),
      sparsity: ModelCard.Sparsity(global: 0.9, model: 0.9, layers: []),
      bytes: ModelCard.Cost(dense: 2, packed: 1),
      multiplyAccumulates: ModelCard.Cost(dense: 2, packed: 1),
      latency: ModelCard.Latency(
        denseMilliseconds: 2, sparseMilliseconds: 1, batch: 1, threads: 1, processor: text),
      recipe: .null, seed: 0, threads: 1, verificationError: 0, generator: text,
      accelerator: ModelCard.Accelerator(
        name: text, memory: text, bits: 8, batch: 1, cycles: cycles, energyUj: 1.5, bound: text,
        bounds: [:], activationDensity: 1, dense: beside(1000, 6), twoOfFour: beside(500, 3)))
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
      ModelList([ModelList.Entry(model(text), card: card(text))], hasMore: true).html.text,
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

  @Test func acceleratorsAreDrawnAsSharesOfDense() {
    let entry = ModelList.Entry(Self.model("a"), card: Self.card("crisp-stc"))
    let text = ModelList([entry], hasMore: false).html.text
    #expect(text.contains("width=\"180\"") && text.contains("width=\"90\""))
    #expect(text.contains("class=\"own\" x=\"60\" y=\"62\" width=\"45\""))
    #expect(text.contains("this model 250 (25.0\u{A0}% of dense)"))
    #expect(text.contains("1.50\u{A0}µJ"))
    // What cannot be drawn is left out.
    let broken = ModelList.Entry(Self.model("a"), card: Self.card("a", cycles: .nan))
    #expect(!ModelList([broken], hasMore: false).html.text.contains("<svg"))
  }

  @Test func jobsTellHowFarTheyAre() {
    let text = JobList([Self.job("a", status: "running")], hasMore: false).html.text
    #expect(text.contains("value=\"0.250\""))
    #expect(text.contains("iteration 1 of 2 · sparsity 50.0\u{A0}% · accuracy 75.0\u{A0}%"))
    #expect(text.contains("90.0\u{A0}% sparsity"))
    #expect(JobList([], hasMore: false).html.text.contains("No jobs yet"))
  }
}
