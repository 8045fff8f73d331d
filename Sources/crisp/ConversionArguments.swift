import ArgumentParser
import Datasets
import Foundation
import NeuralGraph

/// `3x224x224`: channels, height and width of an image.
struct ImageSize: ExpressibleByArgument {
  let shape: ActivationShape

  init?(argument: String) {
    let parts = argument.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 3, let channels = parts[0], let height = parts[1], let width = parts[2],
      channels == 1 || channels == 3, (1...65_536).contains(height), (1...65_536).contains(width)
    else { return nil }
    shape = ActivationShape(channels: channels, height: height, width: width)
  }
}

/// Class names: a file with one a line, or with `n01440764 tench, Tinca tinca` a line, or the names themselves, separated by commas.
struct LabelList {
  let names: [String]

  init(_ argument: String) throws {
    if argument.contains(","), !FileManager.default.fileExists(atPath: argument) {
      names = argument.split(separator: ",", omittingEmptySubsequences: false).map {
        $0.trimmingCharacters(in: .whitespaces)
      }
    } else {
      guard let data = FileManager.default.contents(atPath: argument),
        let text = String(validating: data, as: UTF8.self)
      else { throw ValidationError("--labels: '\(argument)' cannot be read as a text file.") }
      var lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map {
        $0.trimmingCharacters(in: .whitespaces)
      }
      while lines.last == "" { lines.removeLast() }
      names = LabelsFile.synsetNames(lines) ?? lines
    }
    guard !names.contains("") else {
      throw ValidationError("--labels: class \(names.firstIndex(of: "") ?? 0) has no name.")
    }
  }
}
