#include "passes.h"

#include <string.h>

#if defined(__x86_64__)
static int has_avx512(void) {
  return crisp_limit_allows(crisp_limit_avx512_core) && __builtin_cpu_supports("avx512f") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512dq");
}
static int has_avx2(void) {
  return crisp_limit_allows(crisp_limit_avx2) && __builtin_cpu_supports("avx2") &&
         __builtin_cpu_supports("fma");
}
#endif

// Null: the best. One for every thread, so that tests which run side by side do not meet.
static _Thread_local const crisp_passes *chosen;

const crisp_passes *crisp_passes_current(void) {
  if (chosen) return chosen;
#if defined(__x86_64__)
  if (has_avx512()) return &crisp_passes_avx512;
  if (has_avx2()) return &crisp_passes_avx2;
#endif
  return &crisp_passes_plain;
}

int crisp_use_passes(const char *name) {
  if (!name) {
    chosen = 0;
    return 1;
  }
  if (strcmp(name, "plain") == 0) {
    chosen = &crisp_passes_plain;
    return 1;
  }
#if defined(__x86_64__)
  if (strcmp(name, "avx2") == 0 && has_avx2()) {
    chosen = &crisp_passes_avx2;
    return 1;
  }
  if (strcmp(name, "avx512") == 0 && has_avx512()) {
    chosen = &crisp_passes_avx512;
    return 1;
  }
#endif
  return 0;
}
