import Datasets
import Testing

@Suite struct DatasetErrorTests {
  static let texts: [(error: DatasetError, code: String, text: String)] = [
    (.notADataset(path: "p", reason: "why"), "not_a_dataset", "there is no data set at 'p': why"),
    (.unreadable(file: "f", reason: "why"), "unreadable_file", "cannot read 'f': why"),
    (.malformed(file: "f", reason: "why"), "malformed_dataset", "'f' is malformed: why"),
    (
      .unknownClass("c", dataset: "d", suggestions: []), "unknown_class",
      "the data set 'd' has no class 'c'"
    ),
    (
      .unknownClass("c", dataset: "d", suggestions: ["a", "b"]), "unknown_class",
      "the data set 'd' has no class 'c'; did you mean 'a' or 'b'?"
    ),
    (
      .emptyClass("c", split: "test"), "empty_class",
      "the test split does not contain an image of 'c'"
    ),
    (
      .missingClass("c", folder: "val"), "missing_class",
      "the class 'c' has no folder in 'val'; every split needs every class"
    ),
    (
      .emptySplit(folder: "val"), "empty_split",
      "the split 'val' does not contain a picture in class folders"
    ),
    (
      .undecodableImage(file: "f", reason: "why"), "undecodable_image",
      "cannot decode the image 'f': why"
    ),
  ]

  @Test(arguments: texts.indices) func errorsHaveCodesAndSentences(_ index: Int) {
    let (error, code, text) = Self.texts[index]
    #expect(error.code == code)
    #expect("\(error)" == text)
  }
}
