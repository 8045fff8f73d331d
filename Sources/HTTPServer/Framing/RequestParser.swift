import HTTPTypes

/// Turns the bytes of one connection into requests, one after the other.
///
/// After `.head` the caller decides on the body and calls `acceptBody(limit:)`; after `.body` the
/// parser is ready for the next request. After an error it is of no further use.
package struct RequestParser: Sendable {
  /// What the bytes received so far amount to.
  package enum Event: Sendable {
    case incomplete
    case head(RequestHead)
    case body([UInt8])
  }

  private enum State {
    case requestLine(blankLineAllowed: Bool)
    case fields(RequestLine)
    case decision(RequestHead.BodyFraming)
    case fixed(remaining: Int, [UInt8])
    case chunked(ChunkedDecoder)
  }

  private let limits: Limits
  private var input = InputBuffer()
  private var state = State.requestLine(blankLineAllowed: true)
  private var headers = HTTPFields()
  private var headerBytes = 0

  /// A parser at the start of a connection.
  package init(limits: Limits) {
    self.limits = limits
  }

  /// Whether bytes wait that no request has consumed.
  package var hasBufferedInput: Bool { !input.isEmpty }

  /// Whether a request has begun: its first byte is here.
  package var isInsideRequest: Bool {
    if case .requestLine = state { return !input.isEmpty }
    return true
  }

  /// The method of a request whose header block is not complete or not in order.
  package var methodUnderWay: HTTPRequest.Method? {
    if case .fields(let line) = state { return line.method }
    return nil
  }

  /// Decoded bytes of the body so far.
  package var bodyCount: Int {
    switch state {
    case .fixed(_, let body): body.count
    case .chunked(let decoder): decoder.body.count
    default: 0
    }
  }

  /// Adds bytes as they came from the connection.
  package mutating func append(_ bytes: UnsafeRawBufferPointer) {
    input.append(bytes)
  }

  /// Chooses how much body the request that `.head` announced may have.
  /// - Throws: `bodyTooLarge` when its Content-Length already exceeds `limit`.
  package mutating func acceptBody(limit: Int) throws(FramingError) {
    guard case .decision(let framing) = state else { return }
    switch framing {
    case .none:
      state = .fixed(remaining: 0, [])
    case .length(let length):
      guard length <= limit else { throw .bodyTooLarge }
      state = .fixed(remaining: length, [])
    case .chunked:
      state = .chunked(ChunkedDecoder(limits: limits, bodyLimit: limit))
    }
  }

  /// Parses up to the next event.
  package mutating func next() throws(FramingError) -> Event {
    while true {
      switch state {
      case .requestLine(let blankLineAllowed):
        guard let line = try input.nextLine(limit: limits.requestLine, tooLong: .requestLineTooLong)
        else { return .incomplete }
        if line.isEmpty, blankLineAllowed {
          // RFC 9112 §2.2: ignore an empty line before the request line; one is enough.
          state = .requestLine(blankLineAllowed: false)
        } else {
          headers = HTTPFields()
          headerBytes = 0
          state = .fields(try RequestLine(line))
        }
      case .fields(let requestLine):
        let limit = limits.headerBlock - headerBytes
        guard let line = try input.nextLine(limit: limit, tooLong: .headerBlockTooLarge)
        else { return .incomplete }
        if line.isEmpty {
          let head = try RequestHead(line: requestLine, headers: headers)
          state = .decision(head.framing)
          return .head(head)
        }
        headerBytes += line.count + 2
        guard headerBytes <= limits.headerBlock else { throw .headerBlockTooLarge }
        guard headers.count < limits.headerFields else { throw .tooManyFields }
        headers.append(try FieldLine.parse(line))
      case .decision:
        return .incomplete
      case .fixed(let remaining, var body):
        // Without this the array has two owners and every append copies it.
        state = .decision(.none)
        let left = remaining - input.take(remaining, into: &body)
        if left > 0 {
          state = .fixed(remaining: left, body)
          return .incomplete
        }
        state = .requestLine(blankLineAllowed: true)
        return .body(body)
      case .chunked(var decoder):
        state = .decision(.none)
        guard try decoder.decode(&input) else {
          state = .chunked(decoder)
          return .incomplete
        }
        state = .requestLine(blankLineAllowed: true)
        return .body(decoder.body)
      }
    }
  }
}
