#if Fleet
  import CCurl
  import Foundation
  import HTTPTypes

  /// What libcurl calls back for, of one request: gives the body, takes head and body of the answer.
  final class TransferExchange {
    /// Bytes of all heads of an answer, interim ones and redirects among them.
    private static let longestHead = 256 * 1024

    private(set) var head: TransferHead?
    /// What ended it from this side.
    private(set) var error: (any Error)?

    private let body: TransferRequest.Body
    private let host: String
    private let consume: (TransferHead, UnsafeRawBufferPointer) throws -> Void
    private var sent: Int64 = 0
    private var headBytes = 0
    private var status = 0
    private var fields = HTTPFields()

    init(
      body: TransferRequest.Body, host: String,
      consume: @escaping (TransferHead, UnsafeRawBufferPointer) throws -> Void
    ) {
      self.body = body
      self.host = host
      self.consume = consume
    }

    /// The exchange that was handed to libcurl, which keeps it no longer than the request.
    static func at(_ context: UnsafeMutableRawPointer?) -> TransferExchange {
      guard let context else { preconditionFailure("libcurl lost the context of a callback") }
      return Unmanaged<TransferExchange>.fromOpaque(context).takeUnretainedValue()
    }

    /// - Returns: The count, or another for libcurl to end the request.
    func takeHeadLine(_ bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
      headBytes += count
      guard headBytes <= Self.longestHead else {
        error = TransferError.malformedAnswer(
          host: host, reason: "its head is longer than \(Self.longestHead) bytes")
        return 0
      }
      let line = String(decoding: UnsafeRawBufferPointer(start: bytes, count: count), as: UTF8.self)
      if line.hasPrefix("HTTP/") {
        let words = line.split(separator: " ", maxSplits: 2)
        status = words.count > 1 ? Int(words[1].prefix(3)) ?? 0 : 0
        fields = [:]
      } else if let colon = line.firstIndex(of: ":"),
        let name = HTTPField.Name(String(line[..<colon]))
      {
        let value = line[line.index(after: colon)...].trimmingCharacters(
          in: .whitespacesAndNewlines)
        fields.append(HTTPField(name: name, value: value))
      } else if line == "\r\n" || line == "\n", status >= 200 {
        head = TransferHead(status: status, headers: fields)
      }
      return count
    }

    func takeBody(_ bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
      guard let head, error == nil else { return count == 0 ? 0 : -1 }
      do {
        try consume(head, UnsafeRawBufferPointer(start: bytes, count: count))
        return count
      } catch {
        self.error = error
        // Other than what was handed over: CURLE_WRITE_ERROR.
        return -1
      }
    }

    func giveBody(_ bytes: UnsafeMutablePointer<CChar>?, _ room: Int) -> Int {
      let buffer = UnsafeMutableRawBufferPointer(start: bytes, count: room)
      switch body {
      case .none: return 0
      case .bytes(let data):
        let piece = data.dropFirst(Int(sent)).prefix(room)
        piece.copyBytes(to: buffer)
        sent += Int64(piece.count)
        return piece.count
      case .file(let file, let offset, let length):
        let wanted = Int(min(Int64(room), length - sent))
        do {
          let count = try file.read(
            into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]), at: offset + sent)
          guard count == wanted else {
            throw TransferError.unreadableBody(
              path: file.path, reason: "it ended before the \(length) bytes at \(offset)")
          }
          sent += Int64(count)
          return count
        } catch {
          self.error = error
          return Int(CURL_READFUNC_ABORT)
        }
      }
    }

    func seek(_ offset: curl_off_t, _ origin: Int32) -> Int32 {
      guard origin == SEEK_SET, offset >= 0 else { return CURL_SEEKFUNC_CANTSEEK }
      sent = Int64(offset)
      return CURL_SEEKFUNC_OK
    }
  }
#endif
