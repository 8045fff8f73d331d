import Datasets
import Foundation
import TestSupport
import Testing

@Suite struct NPZFileTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  static func golden(_ name: String) throws -> [UInt8] {
    let url = try #require(
      Bundle.module.url(forResource: name, withExtension: "npz", subdirectory: "Goldens/npz"))
    return [UInt8](try Data(contentsOf: url))
  }

  private func load(
    _ bytes: [UInt8], classes: ClassNames = .found, format: DatasetFormat? = nil
  ) throws -> ImageDataset {
    try folder.write(bytes, to: "data.npz")
    return try DatasetCatalog.load(
      path: folder.file("data.npz"), name: "toy", format: format, classes: classes)
  }

  /// As NumPy writes them, see Goldens/make_npz_goldens.py.
  @Test(arguments: ["stored", "deflated", "channel", "types", "versions", "zip64"])
  func whatNumPySavesIsRead(_ name: String) throws {
    let dataset = try load(Self.golden(name))
    #expect(DatasetFormat.found(at: folder.file("data.npz")) == .npz)
    #expect(dataset.classes == ["b", "Ψ", "owl 𝄞"])
    #expect(dataset.imageShape == ImageShape(channels: 1, height: 4, width: 5))
    #expect(dataset.images(.training)?.pixels == (0..<600).map { UInt8($0 % 251) })
    #expect(dataset.images(.training)?.labels == (0..<30).map { $0 % 3 })
    #expect(dataset.images(.test)?.pixels == (0..<120).map { UInt8(255 - $0) })
    #expect(dataset.images(.test)?.labels == (0..<6).map { $0 / 2 })
    #expect(dataset.counts(.validation) == [1, 1, 1])
    #expect(try dataset.digest == load(Self.golden("stored")).digest)
  }

  @Test func coloursAndKerasNamesAreRead() throws {
    let dataset = try load(Self.golden("keras"))
    #expect(dataset.classes == ["0", "1"])
    #expect(dataset.imageShape == ImageShape(channels: 3, height: 2, width: 3))
    let pixels = try #require(dataset.images(.training)?.pixels)
    // The second image's channels lie in turns, one pixel after the other, from 18 on.
    #expect(
      pixels[18..<36] == [18, 21, 24, 27, 30, 33, 19, 22, 25, 28, 31, 34, 20, 23, 26, 29, 32, 35])
    #expect(dataset.images(.test)?.labels == [0, 1, 0, 1])
  }

  @Test func namesMayComeFromElsewhere() throws {
    let bytes = try Self.golden("deflated")
    #expect(try load(bytes, classes: .given(["x", "y", "z"])).classes == ["x", "y", "z"])
    try folder.write(Array("u\nv\nw\n".utf8), to: "names")
    #expect(
      try load(bytes, classes: .file(folder.file("names"))).classes == ["u", "v", "w"])
    let error = #expect(throws: DatasetError.self) { try load(bytes, classes: .given(["x", "y"])) }
    #expect(error?.description.contains("'ytr' gives image 2 the label 2; there are 2") == true)
  }

  /// A small honest data set, with some arrays in another form.
  private static func archive(_ changes: [String: [UInt8]?]) -> [UInt8] {
    var arrays: [(name: String, bytes: [UInt8])] = [
      ("xtr", NPZ.array("|u1", [4, 1, 2], [0, 1, 2, 3, 4, 5, 6, 7])),
      ("ytr", NPZ.array("|u1", [4], [0, 1, 0, 1])),
      ("xte", NPZ.array("|u1", [2, 1, 2], [9, 8, 7, 6])),
      ("yte", NPZ.array("|u1", [2], [0, 1])),
    ]
    for (name, bytes) in changes {
      arrays.removeAll { $0.name == name }
      if let bytes { arrays.append((name, bytes)) }
    }
    return NPZ.archive(arrays)
  }

  struct Malformation: Sendable {
    var array: String
    var reason: String
    var bytes: [UInt8]?
  }

  private static func one(_ array: String, _ reason: String, _ bytes: [UInt8]?) -> Malformation {
    Malformation(array: array, reason: reason, bytes: bytes)
  }

  static let malformations = [
    one(
      "xtr", "uint8; convert it with astype, or ask for the format npz-unit",
      NPZ.array("<f4", [2], [0, 0, 0, 0, 0, 0, 0, 0])),
    one("xtr", "uint8", NPZ.array("<u2", [2, 1, 2], [0, 0, 0, 0, 0, 0, 0, 0])),
    one("xtr", "Fortran", NPZ.array("|u1", [2, 1, 1], [0, 0], fortranOrder: true)),
    one("xtr", "N x H x W", NPZ.array("|u1", [2, 1], [0, 0])),
    one("xtr", "N x H x W", NPZ.array("|u1", [4, 1, 1, 2], [0, 1, 2, 3, 4, 5, 6, 7])),
    one(
      "xtr", "looks like the other order, which is the format npz-nchw",
      NPZ.array("|u1", [4, 1, 1, 2], [0, 1, 2, 3, 4, 5, 6, 7])),
    one("ytr", "count from 1 (they go from 1 to 2)", NPZ.array("|u1", [4], [1, 2, 1, 2])),
    one("xtr", "needs 8 bytes of data and 7", NPZ.array("|u1", [4, 1, 2], [0, 1, 2, 3, 4, 5, 6])),
    one("xtr", "overflows", NPZ.array("|u1", [.max, .max, 2], [0])),
    one("xtr", "do not make 4 images", NPZ.array("|u1", [4, 0, .max], [])),
    one("xtr", "does not match 0 images", NPZ.array("|u1", [0, .max, .max, 3], [])),
    one(
      "xtr", "does not describe one plain array", NPZ.array(header: "{'descr': [('a', '|u1')]}", [])
    ),
    one(
      "xtr", "does not describe one plain array",
      NPZ.array(header: "{'descr': '|u1', 'shape': (1,)}", [])),
    one("xtr", "does not describe one plain array", NPZ.array(header: "(((((((((((((((", [])),
    one(
      "xtr", "does not describe one plain array",
      NPZ.array(
        header: "{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999999999999,)}", [])
    ),
    one("xtr", "version 9", [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 9, 0, 1, 0, 0, 0]),
    one("xtr", "cut off", [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 2, 0, 0xff, 0xff, 0xff, 0xff]),
    one("xtr", "does not start like", Array("no array, but some text".utf8)),
    one("xtr", "does not start like", []),
    one(
      "xte", "has images of 1x1x2 and 'xte' of 1x2x1", NPZ.array("|u1", [2, 2, 1], [9, 8, 7, 6])),
    one("xtr", "'<c8'; images need uint8", NPZ.array("<c8", [1], [UInt8](repeating: 0, count: 8))),
    one(
      "ytr", "holds floats; labels need an integer type",
      NPZ.array("<f8", [4], [UInt8](repeating: 0, count: 32))),
    one("ytr", "'|O'", NPZ.array("|O", [0], [])),
    one(
      "ytr", "holds text; labels need an integer",
      NPZ.array("<U1", [4], [UInt8](repeating: 0, count: 16))),
    one("ytr", "does not match 4 images", NPZ.array("|u1", [3], [0, 1, 0])),
    one("ytr", "does not match 4 images", NPZ.array("|u1", [4, 2], [0, 1, 0, 1, 0, 1, 0, 1])),
    one("ytr", "the label 255, but only 4 images", NPZ.array("|u1", [4], [0, 1, 255, 1])),
    one("ytr", "the label -1", NPZ.array("|i1", [4], [0, 1, 255, 1])),
    one(
      "ytr", "which cannot be a label",
      NPZ.array("<u8", [4], [UInt8](repeating: 255, count: 32))
    ),
    one(
      "yte", "'yte' gives image 1 the label 2; there are 2 classes", NPZ.array("|u1", [2], [0, 2])),
    one("classes", "twice", NPZ.array("<U1", [2], [65, 0, 0, 0, 65, 0, 0, 0])),
    one("classes", "empty class name", NPZ.array("<U1", [2], [65, 0, 0, 0, 0, 0, 0, 0])),
    one("classes", "is not a Unicode character", NPZ.array("<U1", [1], [0, 0xd8, 0, 0])),
    one("classes", "one axis", NPZ.array("<U1", [1, 1], [65, 0, 0, 0])),
    one("classes", "holds numbers", NPZ.array("|u1", [2], [0, 1])),
    one("classes", "'<U4611686018427387904'", NPZ.array("<U4611686018427387904", [0], [])),
  ]

  @Test(arguments: malformations.indices) func malformedArraysAreNamed(_ index: Int) throws {
    let malformation = Self.malformations[index]
    let error = #expect(throws: DatasetError.self) {
      try load(Self.archive([malformation.array: malformation.bytes]))
    }
    #expect(error?.code == "malformed_dataset")
    let text = error?.description ?? ""
    #expect(text.contains(folder.file("data.npz")), "\(text)")
    #expect(text.contains(malformation.reason), "\(text)")
  }

  /// The arrays of the small data set under MedMNIST's names, whose labels have an axis of their own.
  private static func medical(_ more: [(name: String, bytes: [UInt8])] = []) -> [UInt8] {
    NPZ.archive(
      [
        ("train_images", NPZ.array("|u1", [4, 1, 2], [0, 1, 2, 3, 4, 5, 6, 7])),
        ("train_labels", NPZ.array("|u1", [4, 1], [0, 1, 0, 1])),
        ("test_images", NPZ.array("|u1", [2, 1, 2], [9, 8, 7, 6])),
        ("test_labels", NPZ.array("|u1", [2, 1], [0, 1])),
      ] + more)
  }

  @Test func validationArraysAreTheValidationSplit() throws {
    let dataset = try load(
      Self.medical([
        ("val_images", NPZ.array("|u1", [3, 1, 2], [1, 1, 2, 2, 3, 3])),
        ("val_labels", NPZ.array("|u1", [3, 1], [1, 0, 1])),
      ]))
    #expect(dataset.counts(.training) == [2, 2] && dataset.counts(.validation) == [1, 2])
    #expect(dataset.images(.validation)?.pixels == [1, 1, 2, 2, 3, 3])
    #expect(dataset.leftOut.total == 0)
    #expect(try load(Self.medical()).counts(.validation) == [0, 0])
    let keras = try load(
      Self.archive(["x_val": NPZ.array("|u1", [1, 1, 2], [1, 2]), "classes": nil]))
    #expect(keras.leftOut.counts == [.otherArray: 1], "beside xtr it belongs to nothing")
    #expect(keras.leftOut.warning?.contains("1 array of the archive") == true)
  }

  @Test func otherLayoutsAreReadOnRequest() throws {
    func floats(_ values: [Float]) -> [UInt8] {
      var bytes: [UInt8] = []
      for value in values { withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 } }
      return bytes
    }
    let planes = (0..<24).map { UInt8($0) }
    let first = try load(
      Self.archive([
        "xtr": NPZ.array("|u1", [4, 3, 1, 2], planes),
        "xte": NPZ.array("|u1", [2, 3, 1, 2], Array(planes.prefix(12))),
      ]), format: .npzNCHW)
    #expect(first.imageShape == ImageShape(channels: 3, height: 1, width: 2))
    #expect(first.images(.training)?.pixels == planes)

    let unit = Self.archive([
      "xtr": NPZ.array("<f4", [4, 1, 2], floats([0, 1, 0.5, 0.2, 1, 0, 0.1, 0.3])),
      "xte": NPZ.array("<f4", [2, 1, 2], floats([0, 1, 1, 0])),
    ])
    #expect(
      try load(unit, format: .npzUnit).images(.training)?.pixels
        == [0, 255, 128, 51, 255, 0, 26, 77])
    let wide = Self.archive([
      "xtr": NPZ.array("<f4", [4, 1, 2], floats([0, 1, 0.5, 0.2, 1.5, 0, 0.1, 0.3]))
    ])
    let error = #expect(throws: DatasetError.self) { try load(wide, format: .npzUnit) }
    #expect(error?.description.contains("holds 1.5; the format npz-unit takes") == true)
    #expect(throws: DatasetError.self) { try load(unit) }
    // A hint leads to the format that reads it: both at once where both are unusual.
    let crossed = Self.archive([
      "xtr": NPZ.array("<f4", [4, 1, 2, 2], floats([Float](repeating: 0, count: 16)))
    ])
    let planar = #expect(throws: DatasetError.self) { try load(crossed, format: .npzUnit) }
    #expect(planar?.description.contains("which is the format npz-nchw-unit") == true)
    let bytes = #expect(throws: DatasetError.self) { try load(crossed, format: .npzNCHW) }
    #expect(bytes?.description.contains("ask for the format npz-nchw-unit") == true)
    #expect(throws: DatasetError.self) { try load(Self.medical(), format: .npzUnit) }
  }

  @Test func honestArraysAreRead() throws {
    let dataset = try load(
      Self.archive(["classes": NPZ.array("<U1", [2], [65, 0, 0, 0, 66, 0, 0, 0])]))
    #expect(dataset.classes == ["A", "B"])
    #expect(dataset.counts(.test) == [1, 1])
  }

  @Test func missingArraysAreListed() throws {
    for name in ["xtr", "ytr", "xte", "yte"] {
      let error = #expect(throws: DatasetError.self) { try load(Self.archive([name: nil])) }
      #expect(error?.code == "not_a_dataset")
      #expect(error?.description.contains("x_train, y_train, x_test, y_test") == true)
    }
  }
}
