// OpenSSL 3 (Debian's libssl-dev).
#include <openssl/evp.h>
