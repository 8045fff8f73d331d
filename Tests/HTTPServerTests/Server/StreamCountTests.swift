import Foundation
import HTTPServer
import Testing

@Suite struct StreamCountTests {
  @Test(arguments: ["/pulled", "/live"])
  func bodiesUnderWayAreCounted(path: String) throws {
    let (begun, goOn) = (Signal(), Signal())
    var router = TestServer.router
    router.on(.get, "/pulled") { _, _ in
      Response(
        .ok,
        body: .pulled(length: 100_000) { offset in
          if offset == 0 {
            begun.set()
            goOn.wait()
          }
          return Data(count: 100_000 - Int(offset))
        })
    }
    let live = ScriptedBody()
    router.on(.get, "/live") { _, _ in Response(.ok, body: .live(live)) }
    let ended = Signal()
    try TestServer.run(router, observe: { _ in ended.set() }) { port, server in
      let client = try RawClient(port: port)
      #expect(try client.get("/hello/a").status == 200)
      #expect(ended.wait())
      #expect(server.streamCount == 0)
      try client.send("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect((path == "/live" ? live.started : begun).wait())
      #expect(server.streamCount == 1)
      goOn.set()
      live.say(.end)
      #expect(try client.reply().isComplete)
      // The connection is closed only once nothing is under way on it.
      try client.send("GET /hello/b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
      #expect(try client.reply().text == "hello b")
    }
  }
}
