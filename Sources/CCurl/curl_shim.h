// libcurl 7.85 or later (Debian's libcurl4-openssl-dev).
#include <curl/curl.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>

// Options and information go through variadic functions, which Swift does not import.

static inline CURLcode crisp_curl_set_long(CURL *handle, CURLoption option, long value) {
  return curl_easy_setopt(handle, option, value);
}

static inline CURLcode crisp_curl_set_offset(CURL *handle, CURLoption option, curl_off_t value) {
  return curl_easy_setopt(handle, option, value);
}

static inline CURLcode crisp_curl_set_text(CURL *handle, CURLoption option, const char *value) {
  return curl_easy_setopt(handle, option, value);
}

static inline CURLcode crisp_curl_set_error_buffer(CURL *handle, char *buffer) {
  return curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, buffer);
}

static inline CURLcode crisp_curl_set_headers(CURL *handle, struct curl_slist *headers) {
  return curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
}

typedef size_t (*crisp_curl_transfer)(char *bytes, size_t size, size_t count, void *context);
typedef int (*crisp_curl_seek)(void *context, curl_off_t offset, int origin);

// What receives the head's lines, receives the body, gives the request's body and starts that again.
static inline CURLcode crisp_curl_set_callbacks(
    CURL *handle, void *context, crisp_curl_transfer header, crisp_curl_transfer write,
    crisp_curl_transfer read, crisp_curl_seek seek) {
  CURLcode code = curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, header);
  if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_HEADERDATA, context);
  if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, write);
  if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_WRITEDATA, context);
  if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_READFUNCTION, read);
  if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_READDATA, context);
  if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_SEEKFUNCTION, seek);
  if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_SEEKDATA, context);
  return code;
}

static inline curl_socket_t crisp_curl_closed_on_exec(
    void *context, curlsocktype purpose, struct curl_sockaddr *address) {
  (void)context;
  (void)purpose;
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

// Programs that this one starts must not inherit its connections.
static inline CURLcode crisp_curl_set_closed_on_exec(CURL *handle) {
  return curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, crisp_curl_closed_on_exec);
}

static inline CURLcode crisp_curl_get_time(CURL *handle, CURLINFO info, curl_off_t *value) {
  return curl_easy_getinfo(handle, info, value);
}

// Without CURLOPT_NOSIGNAL libcurl changes what SIGPIPE does to the whole process; with it, OpenSSL may
// raise it (https://curl.se/libcurl/c/CURLOPT_NOSIGNAL.html). So this thread is without it for as long
// as libcurl may write, and loses the one that came meanwhile.
typedef struct {
  sigset_t before;
  int was_blocked;
} crisp_curl_signals;

static inline crisp_curl_signals crisp_curl_hold_signals(void) {
  crisp_curl_signals held;
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  sigemptyset(&held.before);
  pthread_sigmask(SIG_BLOCK, &pipe, &held.before);
  held.was_blocked = sigismember(&held.before, SIGPIPE);
  return held;
}

static inline void crisp_curl_release_signals(crisp_curl_signals held) {
  if (held.was_blocked == 1) return;
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  const struct timespec none = {0, 0};
  sigtimedwait(&pipe, NULL, &none);
  pthread_sigmask(SIG_SETMASK, &held.before, NULL);
}
