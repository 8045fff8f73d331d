// AVX-512: 32 registers of 16 floats.
#include "kernel_tables.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define KERNEL_BYTES 64
#define KERNEL_TARGET __attribute__((target("avx512f,avx512dq,fma,f16c")))
#define KERNEL_NAME avx512
#define KERNEL_TABLE crisp_kernels_avx512
#define KERNEL_TEXT "avx512"
#define KERNEL_W1 12
#define KERNEL_W2 12
#define KERNEL_W4 6
#define KERNEL_LOAD_HALVES(from) ((vector)_mm512_cvtph_ps(_mm256_loadu_si256((const void *)(from))))

// Up to 32 columns are chosen by one permutation of two registers, 64 (of 1:4) by two.
#define KERNEL_GATHER gather
KERNEL_TARGET static inline __m512 gather(
    const float *from, __m512i columns, size_t keep, size_t count) {
  (void)count;
  const __m512 low = _mm512_permutex2var_ps(
      _mm512_loadu_ps(from), columns, _mm512_loadu_ps(from + 16));
  if (keep > 1) return low;
  const __m512 high = _mm512_permutex2var_ps(
      _mm512_loadu_ps(from + 32), columns, _mm512_loadu_ps(from + 48));
  return _mm512_mask_blend_ps(
      _mm512_test_epi32_mask(columns, _mm512_set1_epi32(32)), low, high);
}

#define KERNEL_LOAD_BYTES(from) \
  ((vector)_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const void *)(from)))))
#include "kernel_template.h"
#endif
