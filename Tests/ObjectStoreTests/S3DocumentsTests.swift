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
