// OpenSSL 3 (Debian's libssl-dev).
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

// Function-like macros, and constants made by them, which Swift does not import.

static inline int crisp_ssl_ctx_set_min_version(SSL_CTX *context, int version) {
  return (int)SSL_CTX_set_min_proto_version(context, version);
}

static inline int crisp_ssl_ctx_set_max_version(SSL_CTX *context, int version) {
  return (int)SSL_CTX_set_max_proto_version(context, version);
}

static inline void crisp_ssl_ctx_set_mode(SSL_CTX *context, long mode) {
  SSL_CTX_set_mode(context, mode);
}

static inline void crisp_ssl_ctx_set_session_cache_mode(SSL_CTX *context, long mode) {
  SSL_CTX_set_session_cache_mode(context, mode);
}

static inline void crisp_ssl_ctx_set_read_ahead(SSL_CTX *context, int on) {
  SSL_CTX_set_read_ahead(context, on);
}

static const uint64_t crisp_ssl_op_no_compression = SSL_OP_NO_COMPRESSION;
static const uint64_t crisp_ssl_op_no_renegotiation = SSL_OP_NO_RENEGOTIATION;
static const uint64_t crisp_ssl_op_server_preference = SSL_OP_CIPHER_SERVER_PREFERENCE;
static const uint64_t crisp_ssl_op_prioritize_chacha = SSL_OP_PRIORITIZE_CHACHA;
