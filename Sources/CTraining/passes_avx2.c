#if defined(__x86_64__)
#define PASS_TARGET __attribute__((target("avx2,fma")))
#define PASS_TABLE crisp_passes_avx2
#include "passes_template.h"
#endif
