import Foundation
import ObjectStore
import Testing

@Suite struct S3DocumentsTests {
  private static let header = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"

  @Test func readsAList() throws {
    let page = try #require(
      S3Documents.page(
        Data(
          """
          \(Self.header)<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name>
          <Prefix>p/</Prefix><IsTruncated>true</IsTruncated><NextContinuationToken>a&amp;b</NextContinuationToken>
          <Contents><Key>p/one &lt;1&gt;</Key><LastModified>2026-01-02T03:04:05.678Z</LastModified>
          <ETag>&quot;x&quot;</ETag><Size>12</Size><Owner><ID>me</ID></Owner></Contents>
          <Contents><Key>p/folder/</Key><LastModified>2026-01-02T03:04:05Z</LastModified><Size>0</Size></Contents>
          <Contents><Key>p/two</Key><LastModified>2026-01-02T03:04:05Z</LastModified><Size>0</Size></Contents>
          </ListBucketResult>
          """.utf8), prefix: "p/"))
    #expect(page.objects.map(\.key) == ["one <1>", "two"])
    #expect(page.objects.map(\.size) == [12, 0])
    let date = try Date("2026-01-02T03:04:05Z", strategy: .iso8601)
    #expect(page.objects[1].modified == date)
    #expect(abs(page.objects[0].modified.timeIntervalSince(date) - 0.678) < 0.001)
    #expect(page.next == "a&b")
  }

  @Test(arguments: [
    "", "hello", "<ListBucketResult>", "<Other></Other>",
    "<ListBucketResult><Contents><Key>a</Key></Contents></ListBucketResult>",
    "<ListBucketResult><Contents><Key>a</Key><Size>-1</Size><LastModified>2026-01-02T03:04:05Z</LastModified></Contents></ListBucketResult>",
    "<ListBucketResult><Contents><Key>a</Key><Size>1</Size><LastModified>today</LastModified></Contents></ListBucketResult>",
    "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
    "<!DOCTYPE a [<!ENTITY b \"c\">]><ListBucketResult></ListBucketResult>",
    String(repeating: "<a>", count: 40) + String(repeating: "</a>", count: 40),
    "<ListBucketResult>" + String(repeating: "<a/>", count: 60_000) + "</ListBucketResult>",
  ])
  func refusesWhatIsNoList(_ text: String) {
    #expect(S3Documents.page(Data(text.utf8), prefix: "") == nil)
  }

  @Test func readsXMLAsItMayBeWritten() throws {
    let node = try #require(
      XMLNode(
        Data(
          """
          \u{FEFF}<?xml version="1.0"?>
          <!-- a > b -->
          <s:a xmlns:s='x>y' z = "/>"><b/><b></b ><?p ?><c>1&#x32;&#51;&amp;<![CDATA[<&]]><!-- x -->ü</c></s:a >
          <!-- end -->

          """.utf8)))
    #expect(node.name == "a")
    #expect(node.all("b").count == 2)
    #expect(node["c"]?.text == "123&<&ü")
  }

  @Test(arguments: [
    "<a>&unknown;</a>", "<a>&#0;</a>", "<a>&#xD800;</a>", "<a>&#x110000;</a>", "<a>&#-1;</a>",
    "<a>&#+1;</a>", "<a>&amp</a>", "<a></b>", "<a><b></a></b>", "<a/><b/>", "text", "<a b></a>",
    "<a b=c></a>", "<a b='></a>", "< a></a>", "<a>", "<a/>x", "<!-- <a/>", "<a><![CDATA[</a>",
    "<a></ a>", "&amp;<a/>",
  ])
  func refusesWhatIsNoXML(_ text: String) {
    #expect(XMLNode(Data(text.utf8)) == nil)
  }

  /// Whatever is cut off or changed, reading ends, and a beginning is no document.
  @Test func readsNoBeginningsAndSurvivesChanges() throws {
    let text = Data(
      "<?xml version=\"1.0\"?><a x='1'><b>&#65;&lt;<![CDATA[c]]></b><!-- d --><e/></a>".utf8)
    #expect(XMLNode(text) != nil)
    for count in 0..<text.count { #expect(XMLNode(text.prefix(count)) == nil) }
    for position in 0..<text.count {
      for byte: UInt8 in [0, 0x22, 0x26, 0x2F, 0x3C, 0x3E, 0x80, 0xFF] {
        var changed = text
        changed[position] = byte
        if let node = XMLNode(changed) { #expect(!node.name.isEmpty) }
      }
    }
    #expect(XMLNode(Data([0x3C, 0x61, 0x3E, 0xFF, 0x3C, 0x2F, 0x61, 0x3E])) == nil)
  }

  @Test func readsFailures() throws {
    let failure = try #require(
      S3Failure(
        Data(
          "\(Self.header)<Error><Code>NoSuchKey</Code><Message>It&apos;s gone</Message></Error>"
            .utf8)))
    #expect(failure.code == "NoSuchKey")
    #expect(failure.message == "It's gone")
    for text in ["", "<Error/>", "<Error><Code/></Error>", "<html><body>busy</body></html>", "{"] {
      #expect(S3Failure(Data(text.utf8)) == nil)
    }
  }

  @Test func readsUploads() throws {
    let text = """
      <ListMultipartUploadsResult><IsTruncated>true</IsTruncated><NextKeyMarker>p/b</NextKeyMarker>
      <NextUploadIdMarker>2</NextUploadIdMarker>
      <Upload><Key>p/a</Key><UploadId>1</UploadId><Initiated>2026-01-02T03:04:05.000Z</Initiated></Upload>
      <Upload><Key>q/a</Key><UploadId>3</UploadId><Initiated>2026-01-02T03:04:05.000Z</Initiated></Upload>
      </ListMultipartUploadsResult>
      """
    let found = try #require(S3Documents.uploads(Data(text.utf8), prefix: "p/"))
    #expect(found.uploads.map(\.key) == ["a"])
    #expect(found.uploads.map(\.id) == ["1"])
    #expect(found.next?.key == "p/b")
    #expect(found.next?.id == "2")
    #expect(S3Documents.uploads(Data("<a/>".utf8), prefix: "") == nil)
    #expect(
      S3Documents.uploadID(
        Data(
          "<InitiateMultipartUploadResult><UploadId>x</UploadId></InitiateMultipartUploadResult>"
            .utf8))
        == "x")
    #expect(S3Documents.uploadID(Data("<InitiateMultipartUploadResult/>".utf8)) == nil)
  }
}
