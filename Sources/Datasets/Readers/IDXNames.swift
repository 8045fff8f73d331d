import Foundation
import Inputs

/// The four files of MNIST-like data sets under the names that they are handed round with:
/// `train-images-idx3-ubyte` (LeCun), `train-images.idx3-ubyte` (his page, unpacked by a browser),
/// `emnist-letters-train-images-idx3-ubyte` (Cohen et al. 2017, arXiv 1702.05373), each plain or with
/// `.gz`, or in a folder of its own name (Kaggle); in the data set's folder, in `raw`, or in
/// `MNIST/raw`, where torchvision puts them.
struct IDXNames {
  /// The folder with the files.
  let folder: String
  /// What stands before `train-…`: nothing, or EMNIST's `emnist-letters-`.
  let prefix: String
  private let files: [String: String]

  static let trainingImages = "train-images-idx3-ubyte"
  static let trainingLabels = "train-labels-idx1-ubyte"
  /// EMNIST says `test` for `t10k`.
  static let testImages = "t10k-images-idx3-ubyte"
  static let testLabels = "t10k-labels-idx1-ubyte"

  /// The files at a path; nil where there are no training images. Throws where there are those of
  /// several data sets, as in EMNIST's archive, and where a folder cannot be read.
  init?(_ path: String) throws(DatasetError) {
    for folder in try Self.candidates(path) {
      let files = try Self.files(folder)
      let prefixes = files.keys.filter { $0.hasSuffix(Self.trainingImages) }
        .map { String($0.dropLast(Self.trainingImages.count)) }.sorted()
      guard let prefix = prefixes.first else { continue }
      guard prefixes.count == 1 || prefix.isEmpty else {
        let names = prefixes.map { "'\($0)'" }.joined(separator: ", ")
        throw .notADataset(
          path: folder,
          reason: "it holds several data sets, whose files begin with \(names); give each a folder "
            + "of its own")
      }
      self.folder = folder
      self.prefix = prefix
      self.files = files
      return
    }
    return nil
  }

  /// One of the four files, by its usual name.
  func required(_ name: String) throws(DatasetError) -> String {
    let other = name.replacing("t10k-", with: "test-")
    guard let found = files[prefix + name] ?? files[prefix + other] else {
      throw .notADataset(
        path: folder, reason: "'\(prefix + name)' or '\(prefix + name).gz' is missing")
    }
    return found
  }

  /// EMNIST's images are stored column by column.
  var isTransposed: Bool { prefix.hasPrefix("emnist-") }

  /// EMNIST's file that says which character each label is, if it is there.
  var mapping: String? {
    guard isTransposed else { return nil }
    let file = "\(folder)/\(prefix)mapping.txt"
    return FileManager.default.fileExists(atPath: file) ? file : nil
  }

  private static func candidates(_ path: String) throws(DatasetError) -> [String] {
    let folders = try FolderListing(path).folders
    return [path]
      + (folders.contains("raw") ? ["\(path)/raw"] : [])
      + folders.map { "\(path)/\($0)/raw" }.filter {
        FileManager.default.fileExists(atPath: $0)
      }
  }

  /// Paths of a folder's IDX files by their usual names, whatever they are: reading tells what is no
  /// file. Plain ones win over compressed ones, and both over folders of such a name.
  private static func files(_ folder: String) throws(DatasetError) -> [String: String] {
    let names: [String]
    do { names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted() } catch {
      throw .unreadable(file: folder, reason: FileFault.reading(folder))
    }
    var ranked: [(usual: String, path: String, rank: Int)] = []
    for name in names {
      let isCompressed = name.hasSuffix(".gz")
      let plain = isCompressed ? String(name.dropLast(3)) : name
      let usual = plain.replacing(".", with: "-")
      guard usual.hasSuffix("-ubyte") else { continue }
      let within = "\(folder)/\(name)/\(name)"
      let isWithin = FileManager.default.fileExists(atPath: within)
      ranked.append(
        (usual, isWithin ? within : "\(folder)/\(name)", isWithin ? 2 : isCompressed ? 1 : 0))
    }
    var files: [String: String] = [:]
    for entry in ranked.sorted(by: { $0.rank < $1.rank }) where files[entry.usual] == nil {
      files[entry.usual] = entry.path
    }
    return files
  }
}
