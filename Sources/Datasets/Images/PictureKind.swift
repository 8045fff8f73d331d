/// Kinds of pictures, told by their first bytes and never by a name.
enum PictureKind {
  case png, jpeg, webp, bmp, gif

  /// The kinds that can be read, as sentences have them.
  static let readable = "PNG, JPEG, WebP, BMP or GIF"

  /// Throws for anything that cannot be read; pictures of a kind that is known get its name.
  init(_ bytes: [UInt8], _ name: String) throws(DatasetError) {
    func begins(_ text: String) -> Bool { bytes.starts(with: text.utf8) }
    if bytes.starts(with: [0x89, 0x50, 0x4e, 0x47]) {
      self = .png
    } else if bytes.starts(with: [0xff, 0xd8, 0xff]) {
      self = .jpeg
    } else if begins("RIFF"), bytes.dropFirst(8).starts(with: "WEBP".utf8) {
      self = .webp
    } else if begins("GIF87a") || begins("GIF89a") {
      self = .gif
    } else if begins("BM"), bytes.count >= 26 {
      self = .bmp
    } else {
      throw .undecodableImage(
        file: name,
        reason: Self.refused(bytes).map { "it is \($0); save it as PNG or JPEG" }
          ?? "it is not a \(Self.readable) picture")
    }
  }

  /// What a picture that is not read is called; nil for anything else.
  private static func refused(_ bytes: [UInt8]) -> String? {
    if bytes.starts(with: [0x49, 0x49, 0x2a, 0]) || bytes.starts(with: [0x4d, 0x4d, 0, 0x2a]) {
      return "a TIFF picture, a container of many kinds that is not read"
    }
    if bytes.dropFirst(4).starts(with: "ftyp".utf8) {
      let brand = bytes.dropFirst(8).prefix(4)
      if brand.elementsEqual("avif".utf8) || brand.elementsEqual("avis".utf8) {
        return "an AVIF picture, which is not read"
      }
      let brands = ["heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"]
      return brands.contains { brand.elementsEqual($0.utf8) }
        ? "a HEIC picture, as phones of Apple's write them, which is not read" : "a film"
    }
    if bytes.starts(with: [0xff, 0x0a]) || bytes.starts(with: [0, 0, 0, 0x0c, 0x4a, 0x58, 0x4c]) {
      return "a JPEG XL picture, which is not read"
    }
    if bytes.starts(with: [0, 0, 0, 0x0c, 0x6a, 0x50]) {
      return "a JPEG 2000 picture, which is not read"
    }
    if bytes.starts(with: "8BPS".utf8) { return "a Photoshop document, which is not read" }
    if bytes.starts(with: "%PDF".utf8) { return "a PDF document" }
    return nil
  }
}
