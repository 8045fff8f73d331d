// AVX2 with fused multiply-add: 16 registers of 8 floats.
#include "kernel_tables.h"

#if defined(__x86_64__)
#define KERNEL_BYTES 32
#define KERNEL_TARGET __attribute__((target("avx2,fma")))
#define KERNEL_NAME avx2
#define KERNEL_TABLE crisp_kernels_avx2
#define KERNEL_TEXT "avx2"
#define KERNEL_W1 12
#define KERNEL_W2 6
#define KERNEL_W4 3
#include "kernel_template.h"
#endif
