import COpenSSL
import Foundation
import HTTPServer

/// Certificates made on the spot, in a folder that goes away with this object.
package final class TestCertificates {
  package let folder: URL

  package init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "crisp-tls-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  package func path(_ name: String) -> String { folder.appending(path: name).path }

  /// A certificate that signs itself, and its key, as NAME.pem and NAME.key.
  @discardableResult
  package func make(
    _ name: String, serial: Int = 1, validFrom: Int = -3600, validUntil: Int = 86_400,
    algorithm: String = "EC", commonName: String = "localhost", passphrase: String? = nil
  ) -> TLSFiles {
    let files = TLSFiles(certificate: path("\(name).pem"), key: path("\(name).key"))
    var key: OpaquePointer?
    let generator = EVP_PKEY_CTX_new_from_name(nil, algorithm, nil)
    EVP_PKEY_keygen_init(generator)
    if algorithm == "EC" { EVP_PKEY_CTX_set_group_name(generator, "P-256") }
    EVP_PKEY_generate(generator, &key)
    EVP_PKEY_CTX_free(generator)
    defer { EVP_PKEY_free(key) }

    let certificate = X509_new()
    defer { X509_free(certificate) }
    X509_set_version(certificate, 2)
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial)
    X509_gmtime_adj(X509_getm_notBefore(certificate), validFrom)
    X509_gmtime_adj(X509_getm_notAfter(certificate), validUntil)
    X509_set_pubkey(certificate, key)
    let subject = X509_get_subject_name(certificate)
    X509_NAME_add_entry_by_txt(subject, "CN", 0x1001, commonName, -1, -1, 0)
    X509_set_issuer_name(certificate, subject)
    X509_sign(certificate, key, EVP_sha256())

    write(files.certificate) { PEM_write_bio_X509($0, certificate) }
    write(files.key) { file in
      let cipher = passphrase == nil ? nil : EVP_aes_128_cbc()
      let secret = Array((passphrase ?? "").utf8)
      return PEM_write_bio_PrivateKey(file, key, cipher, secret, Int32(secret.count), nil, nil)
    }
    return files
  }

  package func write(_ text: String, to name: String) throws -> String {
    try text.write(toFile: path(name), atomically: true, encoding: .utf8)
    return path(name)
  }

  private func write(_ path: String, _ content: (OpaquePointer?) -> Int32) {
    let file = BIO_new_file(path, "w")
    _ = content(file)
    BIO_free(file)
  }
}
