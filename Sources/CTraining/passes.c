#include "passes.h"

const crisp_passes *crisp_passes_best(void) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
    return &crisp_passes_avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return &crisp_passes_avx2;
#endif
  return &crisp_passes_plain;
}
