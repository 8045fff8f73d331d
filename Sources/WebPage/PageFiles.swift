import Digests
import Foundation
import HTTPServer
import HTTPTypes

/// The page's files, which the build puts into the program.
enum PageFiles {
  /// A file that the page refers to.
  struct Asset: Sendable {
    let name: String
    let mediaType: String
    let bytes: Data
    let tag: EntityTag?
  }

  static let assets: [Asset] = [
    asset("page.css", "text/css; charset=utf-8", PackageResources.page_css),
    asset("page.js", "text/javascript; charset=utf-8", PackageResources.page_js),
    asset("icon.svg", "image/svg+xml", PackageResources.icon_svg),
  ]

  /// The page around its contents, which stand where `<!--name-->` does.
  static func page(_ contents: [String: HTML]) -> HTML {
    var text = String(decoding: PackageResources.page_html, as: UTF8.self)
    // From the end: what is put in is not searched.
    let places = contents.compactMap { name, piece in
      text.range(of: "<!--\(name)-->").map { ($0, piece.text) }
    }
    for (range, piece) in places.sorted(by: { $0.0.lowerBound > $1.0.lowerBound }) {
      text.replaceSubrange(range, with: piece)
    }
    return HTML(trusted: text)
  }

  private static func asset(_ name: String, _ mediaType: String, _ bytes: [UInt8]) -> Asset {
    Asset(
      name: name, mediaType: mediaType, bytes: Data(bytes),
      tag: EntityTag(SHA256.digest(of: Data(bytes)).hex))
  }
}

/// The fields of everything that a browser shows.
enum PageSecurity {
  /// Only the page's own files, and no script or style inside it (W3C, "Content Security Policy
  /// Level 3"); no other site may frame it. `same-origin`: with `no-referrer`, browsers would say
  /// `Origin: null` of the page's own form (Fetch, "append a request Origin header").
  static let fields: HTTPFields = {
    var fields = HTTPFields()
    let values = [
      (
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
          + "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
      ),
      ("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "same-origin"),
      ("X-Frame-Options", "DENY"), ("Cross-Origin-Opener-Policy", "same-origin"),
      ("Cross-Origin-Resource-Policy", "same-origin"),
    ]
    for (name, value) in values {
      if let name = HTTPField.Name(name) { fields[name] = value }
    }
    return fields
  }()

  /// A page or a part of one. It shows what changes, and not to everyone: nobody may keep it.
  static func response(_ status: HTTPResponse.Status, _ html: HTML) -> Response {
    var fields = fields
    fields[.cacheControl] = "no-store"
    return .text(status, html.text, type: "text/html; charset=utf-8", headers: fields)
  }
}
