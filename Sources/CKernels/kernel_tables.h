// The tables of all instruction sets that this build has.
#include "crisp_kernels.h"

extern const crisp_kernels crisp_kernels_scalar;
#if defined(__x86_64__)
extern const crisp_kernels crisp_kernels_avx2;
extern const crisp_kernels crisp_kernels_avx512;
#elif defined(__aarch64__)
extern const crisp_kernels crisp_kernels_neon;
#endif

// The first column of the group of four of each slot, for 1, 2 and 3 weights kept of four. A row of
// the largest block has 48 slots; whole vectors are read.
extern const int32_t first_columns_of[3][64];
