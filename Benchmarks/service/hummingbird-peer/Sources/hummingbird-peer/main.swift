import Foundation
import Hummingbird
import Logging

// One small answer, the same as our /healthz, the way Hummingbird's guide builds one.
let router = Router()
router.get("/healthz") { _, _ in
  Response(
    status: .ok, headers: [.contentType: "text/plain; charset=utf-8"],
    body: .init(byteBuffer: ByteBuffer(string: "ok\n")))
}
var logger = Logger(label: "hummingbird-peer")
logger.logLevel = .warning
let application = Application(
  router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
  onServerRunning: { channel in
    let port = channel.localAddress?.port ?? 0
    FileHandle.standardOutput.write(Data("listening on 127.0.0.1:\(port)\n".utf8))
  },
  logger: logger)
try await application.runService()
