#if Fleet
  import CCurl
  import HTTPTypes

  /// Options one after the other, with the first failure among them.
  struct CurlOptions {
    let easy: OpaqueEasy
    private(set) var code = CURLE_OK

    init(easy: OpaqueEasy) { self.easy = easy }

    mutating func add(_ next: CURLcode) { if code == CURLE_OK { code = next } }

    mutating func long(_ option: CURLoption, _ value: Int) {
      add(crisp_curl_set_long(easy, option, value))
    }

    mutating func text(_ option: CURLoption, _ value: String) {
      add(crisp_curl_set_text(easy, option, value))
    }

    mutating func method(_ method: HTTPRequest.Method, bodyLength: Int64?) throws {
      switch (method, bodyLength) {
      case (.head, _): long(CURLOPT_NOBODY, 1)
      case (.get, nil): long(CURLOPT_HTTPGET, 1)
      case (_, nil):
        long(CURLOPT_HTTPGET, 1)
        text(CURLOPT_CUSTOMREQUEST, method.rawValue)
      case (_, let length?):
        long(CURLOPT_UPLOAD, 1)
        text(CURLOPT_CUSTOMREQUEST, method.rawValue)
        add(crisp_curl_set_offset(easy, CURLOPT_INFILESIZE_LARGE, curl_off_t(length)))
      }
    }
  }

  /// Header fields as libcurl takes them.
  final class HeaderList {
    private(set) var list: UnsafeMutablePointer<curl_slist>?

    init(_ fields: HTTPFields) {
      for field in fields {
        // "Name;" is a field without a value (https://curl.se/libcurl/c/CURLOPT_HTTPHEADER.html).
        let line =
          field.value.isEmpty ? "\(field.name.rawName);" : "\(field.name.rawName): \(field.value)"
        if let longer = curl_slist_append(list, line) { list = longer }
      }
    }

    deinit { curl_slist_free_all(list) }
  }

  extension TransferRequest {
    /// Bytes of the body; a method that means something by one has a length of zero without.
    var bodyLength: Int64? {
      switch body {
      case .none: [.put, .post, .patch].contains(method) ? 0 : nil
      case .bytes(let bytes): Int64(bytes.count)
      case .file(_, _, let length): length
      }
    }
  }
#endif
