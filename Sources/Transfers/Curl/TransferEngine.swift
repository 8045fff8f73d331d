#if Fleet
  import CCurl
  import Foundation
  import HTTPTypes

  /// One libcurl handle with its connections, for one thread at a time.
  ///
  /// It is driven through libcurl's multi interface for `curl_multi_wakeup`, which lets another thread
  /// end a request that waits.
  final class TransferEngine: @unchecked Sendable {
    // The client's pool gives an engine to one thread at a time, hence the unchecked conformance.
    static let isAvailable = true

    /// Thread-safe, and counted, since libcurl 7.84 (https://curl.se/libcurl/c/curl_global_init.html).
    private static let isReady = curl_global_init(Int(CURL_GLOBAL_ALL)) == CURLE_OK

    /// Milliseconds of one wait; libcurl ends it for its own clocks.
    private static let wait: Int32 = 1000
    /// Bytes of one piece.
    private static let pieceSize = 256 * 1024

    private let easy: OpaqueEasy
    private let multi: OpaqueMulti
    private let reason: UnsafeMutablePointer<CChar>

    init() throws(TransferError) {
      guard Self.isReady, let easy = curl_easy_init() else { throw Self.noMemory }
      guard let multi = curl_multi_init() else {
        curl_easy_cleanup(easy)
        throw Self.noMemory
      }
      self.easy = easy
      self.multi = multi
      reason = .allocate(capacity: Int(CURL_ERROR_SIZE))
      reason.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit {
      let signals = crisp_curl_hold_signals()
      curl_easy_cleanup(easy)
      curl_multi_cleanup(multi)
      crisp_curl_release_signals(signals)
      reason.deallocate()
    }

    private static let noMemory = TransferError.failed(
      host: "", reason: "libcurl could not be started")

    /// See ``TransferClient/receive(_:cancellation:into:)``.
    func perform(
      _ request: TransferRequest, to address: TransferAddress,
      configuration: TransferClient.Configuration, cancellation: TransferCancellation?,
      into consume: (TransferHead, UnsafeRawBufferPointer) throws -> Void
    ) throws -> TransferHead {
      try withoutActuallyEscaping(consume) { consume in
        let exchange = TransferExchange(
          body: request.body, host: address.host, consume: consume)
        let headers = HeaderList(request.headers)
        try configure(request, address, configuration, exchange, headers)
        let code = try withExtendedLifetime((exchange, headers)) {
          try run(cancellation, host: address.host)
        }
        // Its own error ended the transfer, whatever libcurl makes of that.
        if let error = exchange.error { throw error }
        guard code == CURLE_OK else { throw failure(code, address, configuration) }
        // A connection that ends within the head is no error to libcurl.
        guard let head = exchange.head else {
          throw TransferError.connectionLost(host: address.host, reason: "the head is incomplete")
        }
        return head
      }
    }

    private func run(_ cancellation: TransferCancellation?, host: String) throws -> CURLcode {
      let signals = crisp_curl_hold_signals()
      defer { crisp_curl_release_signals(signals) }
      try check(curl_multi_add_handle(multi, easy), host)
      // An unfinished request loses its connection here.
      defer { curl_multi_remove_handle(multi, easy) }
      let wake = MultiWaker(multi: multi)
      cancellation?.tell(self) { wake.wake() }
      defer { cancellation?.forget(self) }
      var running: Int32 = 1
      while true {
        if cancellation?.isCancelled == true { throw TransferError.cancelled(host: host) }
        try check(curl_multi_perform(multi, &running), host)
        if running == 0 { break }
        try check(curl_multi_poll(multi, nil, 0, Self.wait, nil), host)
      }
      var left: Int32 = 0
      while let message = curl_multi_info_read(multi, &left) {
        if message.pointee.msg == CURLMSG_DONE { return message.pointee.data.result }
      }
      return CURLE_RECV_ERROR
    }

    private func check(_ code: CURLMcode, _ host: String) throws {
      guard code != CURLM_OK else { return }
      throw TransferError.failed(
        host: host, reason: String(cString: curl_multi_strerror(code)))
    }

    private func configure(
      _ request: TransferRequest, _ address: TransferAddress,
      _ configuration: TransferClient.Configuration, _ exchange: TransferExchange,
      _ headers: HeaderList
    ) throws {
      curl_easy_reset(easy)
      reason[0] = 0
      var options = CurlOptions(easy: easy)
      options.add(crisp_curl_set_error_buffer(easy, reason))
      options.add(crisp_curl_set_closed_on_exec(easy))
      options.long(CURLOPT_NOSIGNAL, 1)
      options.text(CURLOPT_PROTOCOLS_STR, "http,https")
      options.text(CURLOPT_REDIR_PROTOCOLS_STR, "http,https")
      options.long(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
      options.text(CURLOPT_URL, request.url)
      // What was signed is what is sent.
      options.long(CURLOPT_PATH_AS_IS, 1)
      options.text(CURLOPT_USERAGENT, configuration.userAgent)
      if address.isLoopback { options.text(CURLOPT_PROXY, "") }
      options.long(CURLOPT_SSL_VERIFYPEER, 1)
      options.long(CURLOPT_SSL_VERIFYHOST, 2)
      options.long(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
      if let path = configuration.certificateFile {
        options.text(CURLOPT_CAINFO, path)
        // Only those, not the system's folder too.
        options.add(crisp_curl_set_text(easy, CURLOPT_CAPATH, nil))
      }
      options.long(CURLOPT_FOLLOWLOCATION, configuration.redirects > 0 ? 1 : 0)
      options.long(CURLOPT_MAXREDIRS, max(0, configuration.redirects))
      options.long(CURLOPT_CONNECTTIMEOUT_MS, Self.milliseconds(configuration.connectTimeout))
      options.long(CURLOPT_TIMEOUT_MS, Self.milliseconds(configuration.totalTimeout))
      options.long(CURLOPT_LOW_SPEED_LIMIT, max(1, configuration.lowestRate))
      options.long(
        CURLOPT_LOW_SPEED_TIME, (Self.milliseconds(configuration.stallTimeout) + 999) / 1000)
      options.long(CURLOPT_BUFFERSIZE, Self.pieceSize)
      options.long(CURLOPT_UPLOAD_BUFFERSIZE, Self.pieceSize)
      options.add(
        crisp_curl_set_callbacks(
          easy, Unmanaged.passUnretained(exchange).toOpaque(),
          { bytes, size, count, context in
            TransferExchange.at(context).takeHeadLine(bytes, size * count)
          },
          { bytes, size, count, context in
            TransferExchange.at(context).takeBody(bytes, size * count)
          },
          { bytes, size, count, context in
            TransferExchange.at(context).giveBody(bytes, size * count)
          },
          { context, offset, origin in TransferExchange.at(context).seek(offset, origin) }))
      try options.method(request.method, bodyLength: request.bodyLength)
      options.add(crisp_curl_set_headers(easy, headers.list))
      guard options.code == CURLE_OK else {
        throw TransferError.failed(
          host: address.host,
          reason:
            "this libcurl lacks an option (\(String(cString: curl_easy_strerror(options.code))))")
      }
    }

    /// Zero would be libcurl's own default, or no limit.
    private static func milliseconds(_ seconds: TimeInterval) -> Int {
      seconds.isFinite ? Int(min(max(0.001, seconds), 7 * 86_400) * 1000) : 7 * 86_400_000
    }

    private func failure(
      _ code: CURLcode, _ address: TransferAddress, _ configuration: TransferClient.Configuration
    ) -> TransferError {
      let detail = String(cString: reason)
      let text = detail.isEmpty ? String(cString: curl_easy_strerror(code)) : detail
      let host = address.host
      switch code {
      case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: return .unresolved(host: host)
      case CURLE_COULDNT_CONNECT, CURLE_PROXY: return .unreachable(host: host, reason: text)
      case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS:
        return .untrusted(host: host, reason: text)
      case CURLE_SSL_CACERT_BADFILE:
        return .invalidCertificateFile(
          path: configuration.certificateFile ?? "the system's file", reason: "it holds none")
      case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CIPHER, CURLE_SSL_CLIENTCERT, CURLE_SSL_CERTPROBLEM:
        return .insecure(host: host, reason: text)
      case CURLE_OPERATION_TIMEDOUT: return .timedOut(host: host, exceeded(configuration))
      case CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_PARTIAL_FILE,
        CURLE_SEND_FAIL_REWIND:
        return .connectionLost(host: host, reason: text)
      case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL, CURLE_BAD_CONTENT_ENCODING:
        return .malformedAnswer(host: host, reason: text)
      default: return .failed(host: host, reason: text)
      }
    }

    private func exceeded(_ configuration: TransferClient.Configuration) -> TransferError.Limit {
      var began: curl_off_t = 0
      var total: curl_off_t = 0
      crisp_curl_get_time(easy, CURLINFO_PRETRANSFER_TIME_T, &began)
      crisp_curl_get_time(easy, CURLINFO_TOTAL_TIME_T, &total)
      // Microseconds.
      if Int(total / 1000) >= Self.milliseconds(configuration.totalTimeout) { return .total }
      return began == 0 ? .connecting : .stalled
    }
  }

  /// A handle of libcurl's easy interface.
  typealias OpaqueEasy = UnsafeMutableRawPointer
  /// A handle of its multi interface.
  typealias OpaqueMulti = UnsafeMutableRawPointer

  /// What other threads may do with a multi handle while it is in use.
  private struct MultiWaker: @unchecked Sendable {
    // curl_multi_wakeup is the one call that any thread may make, hence the unchecked conformance.
    let multi: OpaqueMulti

    func wake() { curl_multi_wakeup(multi) }
  }
#else
  /// Stands in where there is no libcurl.
  final class TransferEngine: Sendable {
    static let isAvailable = false

    init() throws(TransferError) { throw .unavailable }

    func perform(
      _ request: TransferRequest, to address: TransferAddress,
      configuration: TransferClient.Configuration, cancellation: TransferCancellation?,
      into consume: (TransferHead, UnsafeRawBufferPointer) throws -> Void
    ) throws -> TransferHead {
      throw TransferError.unavailable
    }
  }
#endif
