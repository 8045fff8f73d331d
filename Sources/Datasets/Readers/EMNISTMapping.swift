/// EMNIST's mapping file: a line a class, `label code`, or `label code code` where capital and small
/// letter are one class; codes are ASCII. Letters count from 1, the other sets from 0.
enum EMNISTMapping {
  /// A name a class, in label order: the characters, as `A` or `Aa`.
  static func names(_ file: String) throws(DatasetError) -> [String] {
    let lines = try lines(file)
    return lines.map { $0.name }
  }

  static func countsFromOne(_ file: String) throws(DatasetError) -> Bool {
    try lines(file).first?.label == 1
  }

  private static func lines(_ file: String) throws(DatasetError) -> [(label: Int, name: String)] {
    var found: [(label: Int, name: String)] = []
    for line in try LabelsFile.names(file) {
      let numbers = line.split(separator: " ").map { Int($0) ?? -1 }
      let codes = numbers.dropFirst().compactMap { UInt8(exactly: $0) }
      let expected = found.last.map { [$0.label + 1] } ?? [0, 1]
      guard numbers.count >= 2, codes.count == numbers.count - 1,
        codes.allSatisfy({ (0x21..<0x7f).contains($0) }), expected.contains(numbers[0])
      else {
        throw .malformed(
          file: file, reason: "'\(line)' is not 'LABEL CODE' with labels counting up from 0 or 1")
      }
      found.append((numbers[0], String(decoding: codes, as: UTF8.self)))
    }
    return found
  }
}
