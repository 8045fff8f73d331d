// The tables of all instruction sets that this build has.
#include "crisp_kernels.h"

extern const crisp_kernels crisp_kernels_scalar;
#if defined(__x86_64__)
extern const crisp_kernels crisp_kernels_avx2;
extern const crisp_kernels crisp_kernels_avx512;
#elif defined(__aarch64__)
extern const crisp_kernels crisp_kernels_neon;
#endif
