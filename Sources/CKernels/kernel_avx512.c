// AVX-512: 32 registers of 16 floats. One and two rows could be wider, but then the stretches of all
// channels that a kernel reads no longer fit the first-level cache (measured on 64 to 256 channels).
#include "kernel_tables.h"

#if defined(__x86_64__)
#define KERNEL_BYTES 64
#define KERNEL_TARGET __attribute__((target("avx512f,avx512dq,fma")))
#define KERNEL_NAME avx512
#define KERNEL_TABLE crisp_kernels_avx512
#define KERNEL_TEXT "avx512"
#define KERNEL_W1 6
#define KERNEL_W2 6
#define KERNEL_W4 6
#include "kernel_template.h"
#endif
