import Foundation
import HTTPServer
import HTTPTypes
import Testing

/// RFC 9110 §5.6.7, through the conditions that dates stand in.
@Suite struct HTTPDateTests {
  /// Sun, 06 Nov 1994 08:49:37 GMT.
  private static let moment = Date(timeIntervalSince1970: 784_111_777.9)

  private func status(ifModifiedSince value: String) throws -> Int {
    let tag = try #require(EntityTag("t"))
    let entity = Entity(tag: tag, length: 1, mediaType: "a/b", lastModified: Self.moment) { _ in
      Data([0])
    }
    let request = try Request(method: .get, target: "/", headers: [.ifModifiedSince: value])
    let response = entity.response(to: request)
    if response.status == .ok {
      #expect(response.headers[.lastModified] == "Sun, 06 Nov 1994 08:49:37 GMT")
    }
    return response.status.code
  }

  @Test(arguments: [
    "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
    "Sun, 06 Nov 1994 08:49:38 GMT", "Mon, 29 Feb 2016 23:59:60 GMT",
    "Fri, 31 Dec 9999 23:59:59 GMT",
  ])
  func notModifiedSince(_ value: String) throws {
    #expect(try status(ifModifiedSince: value) == 304)
  }

  @Test(arguments: [
    "Sun, 06 Nov 1994 08:49:36 GMT", "Saturday, 05-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:36 1994",
    "Thu, 01 Jan 1970 00:00:00 GMT",
    // No dates, so ignored.
    "Sun, 06 Nov 2094 08:49:37", "Sun, 31 Apr 2094 08:49:37 GMT", "Sun, 29 Feb 2093 08:49:37 GMT",
    "Sun, 06 nov 2094 08:49:37 GMT", "Sun, 06 Nov 2094 24:00:00 GMT",
    "Sun, 06 Nov 2094 8:49:37 GMT",
    "Sun, +6 Nov 2094 08:49:37 GMT", "06 Nov 2094 08:49:37 GMT", "", "0", "*", "\"t\"",
    "Sun, 06 Nov 99999 08:49:37 GMT", "Sun, 06  Nov 2094 08:49:37 GMT",
  ])
  func modifiedSinceOrNoDate(_ value: String) throws {
    #expect(try status(ifModifiedSince: value) == 200)
  }

  /// Two digits mean the century that is at most 50 years ahead.
  @Test func shortYearsAreNotFarAhead() throws {
    let year = Calendar(identifier: .gregorian).component(.year, from: Date())
    let near = String(format: "%02d", (year + 10) % 100)
    let far = String(format: "%02d", (year + 60) % 100)
    #expect(try status(ifModifiedSince: "Sunday, 06-Nov-\(near) 08:49:37 GMT") == 304)
    let past = year + 60 - 100 > 1994 ? 304 : 200
    #expect(try status(ifModifiedSince: "Sunday, 06-Nov-\(far) 08:49:37 GMT") == past)
  }
}
