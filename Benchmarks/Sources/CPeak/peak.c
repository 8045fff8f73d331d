#include "peak.h"

#include <time.h>

// Twelve chains hide the latency of a multiply-add (4 cycles x 2 units) with room to spare. The
// empty asm keeps the compiler from knowing the factors, and from storing the chains.
#define CHAINS 12
#define PASSES 4096

#define LOOP(NAME, TARGET, BYTES)                                             \
  typedef float NAME##_vector __attribute__((vector_size(BYTES)));            \
  TARGET static float NAME(int passes) {                                      \
    NAME##_vector sum[CHAINS], x = {0}, y = {0};                              \
    for (int i = 0; i < BYTES / 4; i++) x[i] = 0.999f, y[i] = 0.001f;         \
    for (int c = 0; c < CHAINS; c++) sum[c] = x;                              \
    __asm__ volatile("" : "+m"(x), "+m"(y));                                  \
    for (int pass = 0; pass < passes; pass++) {                               \
      _Pragma("clang loop unroll(full)") for (int c = 0; c < CHAINS; c++)     \
          sum[c] = sum[c] * x + y;                                            \
    }                                                                         \
    for (int c = 1; c < CHAINS; c++) sum[0] += sum[c];                        \
    return sum[0][0];                                                         \
  }

LOOP(plain, , 16)
#if defined(__x86_64__)
LOOP(fma256, __attribute__((target("avx2,fma"))), 32)
LOOP(fma512, __attribute__((target("avx512f"))), 64)
#endif

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

double crisp_peak_gflops(double seconds) {
  float (*loop)(int) = plain;
  int lanes = 4;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) {
    loop = fma512;
    lanes = 16;
  } else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    loop = fma256;
    lanes = 8;
  }
#endif
  volatile float sink = 0;
  double best = 0;
  for (double start = now(); now() - start < seconds;) {
    double before = now();
    for (int i = 0; i < 16; i++) sink += loop(PASSES);
    double rate = 16.0 * PASSES * CHAINS * lanes * 2 / (now() - before) / 1e9;
    if (rate > best) best = rate;
  }
  return best;
}
