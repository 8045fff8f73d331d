// AVX2 with fused multiply-add and half-precision loads: 16 registers of 8 floats.
#include "kernel_tables.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define KERNEL_BYTES 32
#define KERNEL_TARGET __attribute__((target("avx2,fma,f16c")))
#define KERNEL_NAME avx2
#define KERNEL_TABLE crisp_kernels_avx2
#define KERNEL_TEXT "avx2"
#define KERNEL_W1 8
#define KERNEL_W2 6
#define KERNEL_W4 3
#define KERNEL_LOAD_HALVES(from) ((vector)_mm256_cvtph_ps(_mm_loadu_si128((const void *)(from))))
#define KERNEL_LOAD_BYTES(from) \
  ((vector)_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const void *)(from)))))
#include "kernel_template.h"
#endif
