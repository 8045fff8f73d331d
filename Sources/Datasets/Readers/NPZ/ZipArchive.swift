import CSystem
import Foundation

/// A zip archive (PKWARE's APPNOTE.TXT, version 6.3.10), as far as NumPy writes them: members that
/// are stored or deflated, on one disk, not encrypted; large ones with the ZIP64 fields.
///
/// Sizes come from the central directory alone. Python writes local headers before it knows them,
/// with a ZIP64 field that may say nothing true (zipfile's `force_zip64`).
struct ZipArchive {
  /// One entry of the central directory.
  struct Member {
    let name: String
    fileprivate let flags: Int
    fileprivate let method: Int
    fileprivate let checksum: Int
    fileprivate let compressedSize: Int
    /// Bytes of the content, as the directory says.
    let size: Int
    fileprivate let headerOffset: Int
  }

  /// A data set has five members; this much directory has thousands.
  private static let directoryLimit = 1 << 20
  /// zlib's manual, "Technical Details": deflate cannot do better.
  private static let mostExpansion = 1032

  private let file: FilePieces
  private let members: [String: Member]

  /// Names of the members, sorted.
  var names: [String] { members.keys.sorted() }

  /// Reads the directory. Throws `unreadable` or `malformed`.
  init(path: String) throws(DatasetError) {
    file = try FilePieces(path)
    members = try Self.members(of: file)
  }

  /// The member of that name.
  func member(_ name: String) -> Member? { members[name] }

  /// A member's content, of at most `limit` bytes and with the checksum that the directory names.
  func content(of member: Member, limit: Int) throws(DatasetError) -> [UInt8] {
    func malformed(_ reason: String) -> DatasetError {
      .malformed(file: file.path, reason: "'\(member.name)' \(reason)")
    }
    guard member.flags & 1 == 0 else { throw malformed("is encrypted") }
    guard member.size <= limit else {
      throw malformed("has \(member.size) bytes; at most \(limit) are read")
    }
    let header = try file.bytes(at: member.headerOffset, count: 30)
    guard header.littleEndian(at: 0, bytes: 4) == 0x0403_4b50,
      let name = header.littleEndian(at: 26, bytes: 2),
      let extra = header.littleEndian(at: 28, bytes: 2)
    else { throw malformed("is not where the archive's directory says") }
    let start = member.headerOffset + 30 + name + extra
    let content: [UInt8]
    switch member.method {
    case 0:
      guard member.compressedSize == member.size else {
        throw malformed("is stored and has two different sizes")
      }
      content = try file.bytes(at: start, count: member.size)
    case 8:
      guard member.size / Self.mostExpansion <= member.compressedSize else {
        throw malformed("cannot expand to \(member.size) bytes")
      }
      let packed = try file.bytes(at: start, count: member.compressedSize)
      guard let inflated = Self.inflated(packed, size: member.size) else {
        throw malformed("is damaged: it does not expand to \(member.size) bytes")
      }
      content = inflated
    default:
      throw malformed(
        "is compressed by method \(member.method), which is not supported; write it with numpy.savez_compressed"
      )
    }
    guard Self.checksum(content) == member.checksum else {
      throw malformed("is damaged: its checksum differs")
    }
    return content
  }

  /// Raw deflate data (RFC 1951) that makes exactly `size` bytes; nil when it does not.
  private static func inflated(_ input: [UInt8], size: Int) -> [UInt8]? {
    guard size > 0 else { return [] }
    guard let inputCount = UInt32(exactly: input.count), let outputCount = UInt32(exactly: size)
    else { return nil }
    var input = input
    var isWhole = false
    let output = [UInt8](unsafeUninitializedCapacity: size) { output, initialized in
      input.withUnsafeMutableBufferPointer { input in
        var stream = z_stream()
        // zlib remembers the structure's address.
        withUnsafeMutablePointer(to: &stream) { stream in
          let size = Int32(MemoryLayout<z_stream>.size)
          guard inflateInit2_(stream, -MAX_WBITS, ZLIB_VERSION, size) == Z_OK else { return }
          stream.pointee.next_in = input.baseAddress
          stream.pointee.avail_in = inputCount
          stream.pointee.next_out = output.baseAddress
          stream.pointee.avail_out = outputCount
          let status = inflate(stream, Z_FINISH)
          isWhole = status == Z_STREAM_END && stream.pointee.avail_out == 0
          initialized = Int(outputCount - stream.pointee.avail_out)
          inflateEnd(stream)
        }
      }
    }
    return isWhole ? output : nil
  }

  private static func checksum(_ bytes: [UInt8]) -> Int {
    Int(crc32_z(0, bytes, bytes.count))
  }

  /// The entries of the central directory, APPNOTE section 4.3.12.
  private static func members(of file: FilePieces) throws(DatasetError) -> [String: Member] {
    let (offset, size) = try directory(of: file)
    guard size <= directoryLimit else {
      throw .malformed(
        file: file.path, reason: "its directory has more than \(directoryLimit) bytes")
    }
    let bytes = try file.bytes(at: offset, count: size)
    var members: [String: Member] = [:]
    var start = 0
    while start < bytes.count {
      guard bytes.littleEndian(at: start, bytes: 4) == 0x0201_4b50,
        let flags = bytes.littleEndian(at: start + 8, bytes: 2),
        let method = bytes.littleEndian(at: start + 10, bytes: 2),
        let checksum = bytes.littleEndian(at: start + 16, bytes: 4),
        let compressed = bytes.littleEndian(at: start + 20, bytes: 4),
        let plain = bytes.littleEndian(at: start + 24, bytes: 4),
        let nameSize = bytes.littleEndian(at: start + 28, bytes: 2),
        let extraSize = bytes.littleEndian(at: start + 30, bytes: 2),
        let commentSize = bytes.littleEndian(at: start + 32, bytes: 2),
        let header = bytes.littleEndian(at: start + 42, bytes: 4),
        start + 46 + nameSize + extraSize + commentSize <= bytes.count
      else { throw .malformed(file: file.path, reason: "its directory is damaged") }
      let nameEnd = start + 46 + nameSize
      let name = String(decoding: bytes[start + 46..<nameEnd], as: UTF8.self)
      guard
        let large = zip64(
          [plain, compressed, header], Array(bytes[nameEnd..<nameEnd + extraSize]))
      else { throw .malformed(file: file.path, reason: "'\(name)' lacks its ZIP64 sizes") }
      let member = Member(
        name: name, flags: flags, method: method, checksum: checksum, compressedSize: large[1],
        size: large[0], headerOffset: large[2])
      guard members.updateValue(member, forKey: name) == nil else {
        throw .malformed(file: file.path, reason: "it holds '\(name)' twice")
      }
      start = nameEnd + extraSize + commentSize
    }
    return members
  }

  /// Fields that are too large for their four bytes stand in an extra field with the number 1,
  /// those alone and in this order (APPNOTE section 4.5.3). Nil when they do not.
  private static func zip64(_ fields: [Int], _ extra: [UInt8]) -> [Int]? {
    guard fields.contains(0xffff_ffff) else { return fields }
    var start = 0
    while let id = extra.littleEndian(at: start, bytes: 2),
      let size = extra.littleEndian(at: start + 2, bytes: 2)
    {
      start += 4
      guard id == 1 else {
        start += size
        continue
      }
      guard size <= extra.count - start else { return nil }
      let block = Array(extra[start..<start + size])
      var position = 0
      var large: [Int] = []
      for field in fields {
        guard field == 0xffff_ffff else {
          large.append(field)
          continue
        }
        guard let value = block.littleEndian(at: position, bytes: 8) else { return nil }
        large.append(value)
        position += 8
      }
      return large
    }
    return nil
  }

  /// Where the central directory is: the end record (APPNOTE section 4.3.16) says, or the ZIP64 end
  /// record that a locator just before it points to (sections 4.3.14 and 4.3.15).
  private static func directory(of file: FilePieces) throws(DatasetError) -> (
    offset: Int, size: Int
  ) {
    let tailSize = min(file.size, 22 + 0xffff)
    let tailStart = file.size - tailSize
    let tail = try file.bytes(at: tailStart, count: tailSize)
    var end = tail.count - 22
    // A comment may follow; it ends where the file does.
    while end >= 0,
      tail.littleEndian(at: end, bytes: 4) != 0x0605_4b50
        || tail.littleEndian(at: end + 20, bytes: 2) != tail.count - end - 22
    {
      end -= 1
    }
    guard end >= 0, let size = tail.littleEndian(at: end + 12, bytes: 4),
      let offset = tail.littleEndian(at: end + 16, bytes: 4)
    else {
      throw .malformed(
        file: file.path, reason: "it is cut off or not a zip archive: its end record is missing")
    }
    guard tail.littleEndian(at: end - 20, bytes: 4) == 0x0706_4b50,
      let recordOffset = tail.littleEndian(at: end - 12, bytes: 8)
    else { return (offset, size) }
    let record = try file.bytes(at: recordOffset, count: 56)
    guard record.littleEndian(at: 0, bytes: 4) == 0x0606_4b50,
      let largeSize = record.littleEndian(at: 40, bytes: 8),
      let largeOffset = record.littleEndian(at: 48, bytes: 8)
    else { throw .malformed(file: file.path, reason: "its ZIP64 end record is damaged") }
    return (largeOffset, largeSize)
  }
}

extension [UInt8] {
  /// An unsigned integer of `bytes` bytes, lowest first; nil when it does not lie within the array
  /// or is above `Int.max`.
  fileprivate func littleEndian(at start: Int, bytes: Int) -> Int? {
    guard start >= 0, start <= count, bytes <= count - start else { return nil }
    return Int(
      exactly: self[start..<start + bytes].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
  }
}
