// Plain C: whatever the compiler's base instruction set offers.
#include "kernel_tables.h"

#define KERNEL_BYTES 16
#define KERNEL_TARGET
#define KERNEL_NAME scalar
#define KERNEL_TABLE crisp_kernels_scalar
#define KERNEL_TEXT "scalar"
#define KERNEL_W1 8
#define KERNEL_W2 6
#define KERNEL_W4 3
#include "kernel_template.h"
