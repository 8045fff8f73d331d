import ArgumentParser
import Cores
import Datasets
import Flags
import Foundation
import Inputs
import ModelFormats

/// Whether a file can be written there, asked before hours of work and not after.
func checkOutput(_ path: String) throws {
  let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
  guard access(folder, W_OK) == 0 else {
    throw ValidationError(
      "cannot write '\(path)': '\(folder)': \(String(cString: strerror(errno)))")
  }
  var status = stat()
  guard stat(path, &status) != 0 || status.st_mode & S_IFMT != S_IFDIR else {
    throw ValidationError("cannot write '\(path)': it is a folder; name a file in it.")
  }
}

/// Whether two paths lead to the same file, by whatever names.
func isSameFile(_ first: String, _ second: String) -> Bool {
  var (one, other) = (stat(), stat())
  guard stat(first, &one) == 0, stat(second, &other) == 0 else { return false }
  return one.st_dev == other.st_dev && one.st_ino == other.st_ino
}

/// JSON documents for people and for this program.
enum JSONFile {
  static func write(_ value: some Encodable, to path: String) throws {
    try CanonicalJSON.indented(value).write(to: URL(fileURLWithPath: path), options: .atomic)
  }
}

/// How many cores a command may use.
struct ThreadOptions: ParsableArguments {
  @Option(help: "Threads to compute with (default: all cores).")
  var threads: Int?

  func validate() throws { try InputRange(1...1024).check(threads, "--threads") }

  /// The number asked for, or one per core. To be asked once, since it says what was cut.
  func count() -> Int { threads.map { usableCores($0, "--threads") } ?? Cores.usable }
}

/// As many threads as a flag asks for, held to the cores that there are; what is cut is said on
/// standard error.
func usableCores(_ asked: Int, _ flag: String) -> Int {
  let count = Cores.threads(asked)
  if count < asked {
    warn("\(flag) \(asked) is cut to \(count), the cores that this process may use")
  }
  return count
}

/// Tells on standard error which pictures of a data set could not be decoded, if any could not.
func warnOfSkippedImages(_ dataset: ImageDataset) { warn(dataset.skippedImages.warning) }

/// A percentage, or that there is none to quote.
func percent(_ share: Double?) -> String { share.map { percent($0) } ?? "not measured" }

/// A percentage with two decimals, as accuracies are quoted.
func percent(_ share: Double) -> String { String(format: "%.2f %%", share * 100) }
