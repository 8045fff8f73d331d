import CKernels
import Dispatch
import Foundation
import SparseRuntime
import Synchronization
import TestSupport
import Testing

/// The file of measured costs. A model that cannot have been measured tells what was read.
@Suite struct CostCacheTests {
  private let instructionSet = InstructionSet.scalar
  private let kernels: UnsafePointer<crisp_kernels>
  private let folder: TemporaryFolder
  private let stored: CostModel

  init() throws {
    let table = try #require(crisp_kernels_named(instructionSet.rawValue))
    kernels = table
    folder = try TemporaryFolder()
    let widest = table.pointee.widest
    stored = SyntheticCosts.model(
      widest: [widest.0, widest.1, widest.2], decoding: 12345, packing: 54321)
  }

  private func model() throws -> CostModel {
    try CostCache.model(instructionSet, kernels, in: URL(filePath: folder.path))
  }

  private var fileName: String { CostCache.fileName(instructionSet) }

  private func write(_ text: String) throws { try folder.write(Array(text.utf8), to: fileName) }

  private func encoded(_ model: CostModel) throws -> String {
    String(decoding: try JSONEncoder().encode(model), as: UTF8.self)
  }

  @Test func readsWhatWasMeasured() throws {
    let measured = try model()
    let text = try folder.text(fileName)
    #expect(try JSONDecoder().decode(CostModel.self, from: Data(text.utf8)) == measured)
    #expect(try model() == measured, "measuring twice gives other numbers")
    try write(encoded(stored))
    #expect(try model() == stored)
  }

  @Test func measuresAnewWhatIsBroken() throws {
    let good = try encoded(stored)
    var foreign = stored
    foreign.version += 1
    var narrow = stored
    narrow.kernels[1].removeLast()
    var few = stored
    few.decoding.removeFirst()
    var broken = [
      "", "{", "null", "[]", String(good.dropLast(1)), String(good.prefix(good.count / 2)),
      good.replacing("packing", with: "paking"), good.replacing("54321", with: "\"54321\""),
      try encoded(foreign), try encoded(narrow), try encoded(few),
    ]
    for number in ["0", "-1", "1e999", "-1e999", "NaN", "1e300", "null"] {
      broken.append(good.replacing("54321", with: number))
      broken.append(good.replacing("12345", with: number))
    }
    for text in broken {
      try write(text)
      let measured = try model()
      #expect(measured.packing != 54321 && measured.decoding != stored.decoding, "\(text)")
      let widest = kernels.pointee.widest
      #expect(measured.isUsable(widest: [widest.0, widest.1, widest.2]))
      // The file has been replaced.
      #expect(try model() == measured, "\(text)")
      #expect(
        try JSONDecoder().decode(CostModel.self, from: Data(folder.text(fileName).utf8))
          == measured)
    }
    try folder.write([0xff, 0xfe, 0, 0x80], to: fileName)
    #expect(try model().packing != 54321)
  }

  @Test func worksWithoutAPlaceToWrite() throws {
    try folder.write([], to: "file")
    // Below a file there is no directory, whoever asks.
    let nowhere = URL(filePath: folder.file("file")).appending(path: "below")
    #expect(try CostCache.model(instructionSet, kernels, in: nowhere).packing > 0)
    // Where the file belongs there is a directory.
    try FileManager.default.createDirectory(
      atPath: folder.file(fileName), withIntermediateDirectories: false)
    #expect(try model().packing > 0)
    #expect(try CostCache.model(instructionSet, kernels, in: nil).packing > 0)
  }

  @Test func makesItsDirectory() throws {
    let deep = URL(filePath: folder.file("a")).appending(path: "b")
    let measured = try CostCache.model(instructionSet, kernels, in: deep)
    #expect(try CostCache.model(instructionSet, kernels, in: deep) == measured)
  }

  @Test func followsTheEnvironment() {
    func path(_ environment: [String: String]) -> String? {
      CostCache.directory(environment: environment)?.path(percentEncoded: false)
    }
    #expect(path(["CRISP_CACHE": "/a b", "XDG_CACHE_HOME": "/x", "HOME": "/h"]) == "/a b/")
    #expect(path(["CRISP_CACHE": "", "XDG_CACHE_HOME": "/x", "HOME": "/h"]) == nil)
    #expect(path(["XDG_CACHE_HOME": "/x", "HOME": "/h"]) == "/x/crisp")
    #expect(path(["XDG_CACHE_HOME": "relative", "HOME": "/h"]) == "/h/.cache/crisp")
    #expect(path(["HOME": "/h"]) == "/h/.cache/crisp")
    #expect(path(["HOME": ""]) == nil)
    #expect(path([:]) == nil)
  }

  @Test func namesFilesAfterProcessorsAndKernels() {
    let names = InstructionSet.allCases.map(CostCache.fileName)
    #expect(Set(names).count == names.count)
    for name in names {
      #expect(!name.contains("/") && !name.contains(" "))
      #expect(name.hasPrefix("costs-\(CostModel.version)-") && name.hasSuffix(".json"))
    }
  }

  /// Whoever reads while others write sees a whole file.
  @Test func writersAtOnceLeaveAWholeFile() throws {
    let failures = Mutex<[String]>([])
    let (url, kernels) = (URL(filePath: folder.path), Shared(kernels: kernels))
    let instructionSet = instructionSet
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      do {
        _ = try CostCache.model(instructionSet, kernels.kernels, in: url)
        let text = try Data(contentsOf: url.appending(path: CostCache.fileName(instructionSet)))
        _ = try JSONDecoder().decode(CostModel.self, from: text)
      } catch {
        failures.withLock { $0.append("\(error)") }
      }
    }
    #expect(failures.withLock { $0 } == [])
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [fileName])
    #expect(try model().packing > 0)
  }

  /// The table lives as long as the process and never changes.
  private struct Shared: @unchecked Sendable {
    let kernels: UnsafePointer<crisp_kernels>
  }
}
