// NEON, part of every 64-bit Arm processor: 32 registers of 4 floats.
#include "kernel_tables.h"

#if defined(__aarch64__)
#define KERNEL_BYTES 16
#define KERNEL_TARGET
#define KERNEL_NAME neon
#define KERNEL_TABLE crisp_kernels_neon
#define KERNEL_TEXT "neon"
#define KERNEL_W1 12
#define KERNEL_W2 12
#define KERNEL_W4 6
#include "kernel_template.h"
#endif
