import ArgumentParser
import Flags
import HTTPServer
import Inputs

/// What one client, and all together, may ask of the server's connections.
struct ConnectionOptions: ParsableArguments {
  @Option(help: "Largest request body in bytes, where a route names no other limit.")
  var maxBody = 1 << 20

  @Option(help: "Longest request line in bytes.")
  var maxRequestLine = 8 << 10

  @Option(help: "Longest block of header fields in bytes.")
  var maxHeaderBlock = 32 << 10

  @Option(help: "Most header fields of a request.")
  var maxHeaderFields = 100

  @Option(help: "Connections at once.")
  var maxConnections = 1024

  @Option(help: "Connections at once from one address.")
  var maxConnectionsPerAddress = 256

  @Option(help: "Seconds for a TLS handshake.")
  var handshakeTimeout: Double = 10

  @Option(help: "Seconds from a request's first byte to the end of its header.")
  var headerTimeout: Double = 10

  @Option(help: "Bytes a second that a request body must bring in each --body-window.")
  var minBodyRate = 1 << 10

  @Option(help: "Seconds over which the rate of a request body is measured, again and again.")
  var bodyWindow: Double = 10

  @Option(help: "Megabytes that the bodies of all requests may take until they are answered.")
  var maxBodyMemory = 256

  @Option(help: "Megabytes that the bodies of one address's requests may take.")
  var maxBodyMemoryPerAddress = 64

  @Option(help: "Megabytes that the bodies of one user's requests may take, with tokens.")
  var maxBodyMemoryPerUser = 32

  @Option(help: "Megabytes that answers may take which clients have not read yet.")
  var maxAnswerMemory = 256

  @Option(help: "Megabytes that the unread answers of one address may take.")
  var maxAnswerMemoryPerAddress = 64

  @Option(help: "Seconds a connection may stay open between requests.")
  var idleTimeout: Double = 60

  @Option(help: "Seconds a client may take to receive each 64 KiB of a response.")
  var writeTimeout: Double = 30

  func validate() throws {
    let sizes = [
      ("--max-body", maxBody), ("--max-request-line", maxRequestLine),
      ("--max-header-block", maxHeaderBlock), ("--max-header-fields", maxHeaderFields),
      ("--max-connections", maxConnections),
      ("--max-connections-per-address", maxConnectionsPerAddress),
      ("--min-body-rate", minBodyRate),
    ]
    for (name, value) in sizes { try InputRange(1...1 << 30).check(value, name) }
    for (name, megabytes) in memories + answerMemories {
      try InputRange(1...1 << 20).check(megabytes, name, "megabytes")
    }
    try requireRoom(for: maxBody, named: "--max-body")
    let times = [
      ("--handshake-timeout", handshakeTimeout), ("--header-timeout", headerTimeout),
      ("--body-window", bodyWindow), ("--idle-timeout", idleTimeout),
      ("--write-timeout", writeTimeout),
    ]
    for (name, value) in times { try InputRange(0.01...86_400).check(value, name, "seconds") }
  }

  private var answerMemories: [(name: String, megabytes: Int)] {
    [
      ("--max-answer-memory", maxAnswerMemory),
      ("--max-answer-memory-per-address", maxAnswerMemoryPerAddress),
    ]
  }

  private var memories: [(name: String, megabytes: Int)] {
    [
      ("--max-body-memory", maxBodyMemory),
      ("--max-body-memory-per-address", maxBodyMemoryPerAddress),
      ("--max-body-memory-per-user", maxBodyMemoryPerUser),
    ]
  }

  /// Refuses bounds under which a body of the size that another flag allows would never be taken.
  func requireRoom(for bytes: Int, named flag: String) throws {
    for (name, megabytes) in memories where megabytes << 20 < bytes {
      throw ValidationError("\(name) must not be less than \(flag), \(bytes) bytes.")
    }
  }

  /// The same for the server.
  var limits: Limits {
    var limits = Limits()
    limits.body = maxBody
    limits.requestLine = maxRequestLine
    limits.headerBlock = maxHeaderBlock
    limits.headerFields = maxHeaderFields
    limits.maxConnections = maxConnections
    limits.maxConnectionsPerAddress = maxConnectionsPerAddress
    limits.handshakeTimeout = .seconds(handshakeTimeout)
    limits.headerTimeout = .seconds(headerTimeout)
    limits.bodyMinimumRate = minBodyRate
    limits.bodyWindow = .seconds(bodyWindow)
    limits.bodyMemory = maxBodyMemory << 20
    limits.bodyMemoryPerAddress = maxBodyMemoryPerAddress << 20
    limits.bodyMemoryPerUser = maxBodyMemoryPerUser << 20
    limits.answerMemory = maxAnswerMemory << 20
    limits.answerMemoryPerAddress = maxAnswerMemoryPerAddress << 20
    limits.idleTimeout = .seconds(idleTimeout)
    limits.writeTimeout = .seconds(writeTimeout)
    return limits
  }
}
